"""Lines drawn with a pen, for tests of training on lines: no data set is needed."""

from __future__ import annotations

import numpy as np

from lenet5.data.synthesis.text_lines import Line, Source, line

PEN = Source(np.empty((0, 28, 28), np.uint8), np.empty(0, np.int64), drawn=1.0)


def drawn(seed: int, digits: tuple[int, ...] | None = None) -> Line:
    return line(PEN, np.random.Generator(np.random.PCG64([7, seed])), digits)
