"""Characters as a pen wrote them: trajectories read from files, split by writer; data.synthesis.pen draws them."""
