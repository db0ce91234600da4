"""The network made fast: the same mathematics behind one interface, compiled or plain NumPy; arrays in, arrays out."""
