"""Side by side with peers, in one run, on the same work: recognition, training, and this machine's own bound.

`lenet5 bench` measures; `benchmarks/` holds what needs a data set, and the scripts that write the figures
into the documents. Nothing here is imported by the rest of the package.
"""
