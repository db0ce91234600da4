"""Reading in bulk: folders, archives and tables of pictures in, a table of readings out, in numbered parts."""

from __future__ import annotations

from .batch_reader import BatchReader, CharacterReader
from .rules import parse_agree, parse_check, parse_sum
from .run import read_in_bulk
from .sources import Arrays, Pictures, open_sources

__all__ = [
    "Arrays",
    "BatchReader",
    "CharacterReader",
    "Pictures",
    "open_sources",
    "parse_agree",
    "parse_check",
    "parse_sum",
    "read_in_bulk",
]
