"""Answers to characters as rows: the same made at once as one by one, and without what a start cannot afford."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lenet5.bulk.tables import COLUMNS, Characters, to_arrow

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'lenet5-1998[bulk]'")

WITHOUT_PANDAS = """
import sys
import numpy as np
from lenet5.bulk.tables import COLUMNS, Characters, encode
best = np.full((3, 4), 0.25)
encode(Characters("x", 0, tuple("abcd"), np.tile(np.arange(4), (3, 1)), best, best[:, 0] > 0.5), "parquet", COLUMNS)
sys.exit("pandas" in sys.modules)
"""


def test_characters_made_into_a_table_at_once_are_the_rows_made_one_by_one():
    rng = np.random.default_rng(0)
    order = np.argsort(rng.random((50, 6)), 1)[:, :4]
    confidences = np.sort(rng.random((50, 4)), 1)[:, ::-1]
    some = Characters(
        "a/ä.npy", 7, ("a", "β", "c", "Ж", "e", "日"), order, confidences, confidences[:, 0] >= 0.8
    )
    assert 0 < some.accepted.sum() < 50
    at_once = some.to_arrow()
    assert at_once.equals(to_arrow(some.columns(), COLUMNS))
    at_once.validate(full=True)


def test_characters_are_encoded_without_pandas():
    """pyarrow.array and pyarrow.scalar load it, where it is installed: half a second of every start."""
    assert subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], check=False, timeout=120).returncode == 0
