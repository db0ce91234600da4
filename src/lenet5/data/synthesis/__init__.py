"""Synthetic patterns: other ways of writing digits, lines of digits, non-characters."""
