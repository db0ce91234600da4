"""Review: what was not accepted, on one page with its pictures, and the answers of the person who looked."""

from __future__ import annotations

from .answers import Answers, apply_answers, load_answers
from .page import write_review

__all__ = ["Answers", "apply_answers", "load_answers", "write_review"]
