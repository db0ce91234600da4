"""Side by side with other engines, in one run, on the same work: recognition, training, and this machine's bound.

`lenet5 bench` measures; `benchmarks/` holds what needs a data set, and the scripts that write the figures into the
documents. Only `cli` imports this room.
"""
