"""LeNet-5 exactly as published: trained, run and read with at the speed of the machine."""

__version__ = "0.1.0"
