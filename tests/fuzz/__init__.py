"""Random and damaged inputs for every door: `python -m tests.fuzz --help`."""
