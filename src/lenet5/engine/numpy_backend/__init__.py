"""The network in plain NumPy, for a few images and for machines without Numba: equal up to rounding."""
