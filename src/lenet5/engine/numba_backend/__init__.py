"""The network compiled for this processor with Numba: the same mathematics, at its multiply–add rate."""
