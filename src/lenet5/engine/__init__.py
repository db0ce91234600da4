"""The network computed fast: arrays in, arrays out, in compiled code or in plain NumPy behind one interface."""
