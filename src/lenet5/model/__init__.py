"""Trained networks: one or an ensemble, their confidence, their files, the weights that come with the package."""
