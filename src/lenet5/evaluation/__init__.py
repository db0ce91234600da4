"""Evaluation: error, confusion, rejection, calibration, strings."""
