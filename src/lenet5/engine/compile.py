"""Temporary: moved to lenet5.compile."""
from ..compile import cache_folder, compiled  # noqa: F401
