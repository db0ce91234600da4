"""Patterns and their labels: MNIST, IDX, folders, tables, transcripts, and synthetic ones."""
