"""Training: recipes, passes, checkpoints, the paper's own algorithm, adapting, distillation."""
