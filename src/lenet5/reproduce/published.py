"""What the paper prints about LeNet-5 and its neighbours: every number once, with its place in the paper.

Shares are 0 … 1. What a figure of the paper shows without a number is not here.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = [
    "BOOSTED",
    "CHECKS",
    "CHECKS_REJECTED",
    "CHECKS_RIGHT",
    "CHECKS_WRONG",
    "CONNECTIONS",
    "CONNECTIONS_PRINTED",
    "DISTORTED",
    "DISTORTED_ERRORS",
    "LAYERS",
    "MULTIPLY_ADDS",
    "NEIGHBOURS",
    "PARAMETERS",
    "RATES",
    "REGULAR",
    "REGULAR_SPREAD",
    "REJECTED",
    "ROTATION",
    "SCALE",
    "SETTLED",
    "SHIFT",
    "SIZES",
    "TRAINING",
    "TRAINING_PASS",
]

# Section II-B: layer -> maps and their size, trainable parameters, connections.
LAYERS = MappingProxyType(
    {
        "C1": ("6@28×28", 156, 122_304),
        "S2": ("6@14×14", 12, 5_880),
        "C3": ("16@10×10", 1_516, 151_600),
        "S4": ("16@5×5", 32, 2_000),
        "C5": ("120@1×1", 48_120, 48_120),
        "F6": ("84@1×1", 10_164, 10_164),
        "output": ("10@1×1", 0, 840),
    }
)
PARAMETERS = 60_000
CONNECTIONS = 340_908  # the preprint, and the sum of the layers
CONNECTIONS_PRINTED = 345_308  # the printed article

# Section III-B, Fig. 5: regular MNIST.
REGULAR, REGULAR_SPREAD = 0.0095, 0.001
SETTLED = 10  # passes, about
TRAINING, TRAINING_PASS = 0.0035, 19
RATES = (7e-5, 0.016)  # η_k of the first pass, about (Appendix C)

# Section III-B, Figs. 6 and 8: sizes of the training set, and 540,000 distorted patterns added to all of it.
SIZES = (15_000, 30_000, 60_000)
DISTORTED, DISTORTED_ERRORS = 0.008, 82

# Fig. 9: test error.
BOOSTED = 0.007
NEIGHBOURS = MappingProxyType(
    {
        "linear": 0.12,
        "K-NN, Euclidean": 0.05,
        "28×28-300-10": 0.047,
        "28×28-1000-10": 0.045,
        "LeNet-1": 0.017,
        "LeNet-4": 0.011,
        "tangent distance": 0.011,
        "RS-SVM": 0.010,
        "boosted LeNet-4, distortions": BOOSTED,
    }
)

# Fig. 10: share of the test patterns rejected to leave an error of 0.5 % on the rest. LeNet-5 is not in it.
REJECTED = MappingProxyType(
    {
        "K-NN": 0.081,
        "LeNet-1": 0.037,
        "20×20-300-10": 0.032,
        "tangent distance": 0.019,
        "SVM": 0.018,
        "LeNet-4": 0.018,
        "boosted LeNet-4": 0.005,
    }
)

MULTIPLY_ADDS = 401_000  # Fig. 11, about, for one character

# Section III-E, Fig. 13, each "about": what is still recognised.
ROTATION = 30.0  # degrees, either way
SCALE = 2.0  # factor
SHIFT = 10.0  # pixels up or down: half the height of a character of 20

# Section X: business checks read by the deployed system, and the shares read right, read wrong and rejected.
CHECKS, CHECKS_RIGHT, CHECKS_WRONG, CHECKS_REJECTED = 646, 0.82, 0.01, 0.17
