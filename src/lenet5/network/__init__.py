"""The paper in NumPy: architecture, codes, layers, losses; no files, no threads."""
