"""`lenet5 reproduce`: the figures of Section III that concern LeNet-5, made anew beside the published ones.

What is trained is kept in a folder (runs.py), from it panels are made (training.py, testing.py, network.py,
characters.py), and of them a page (page.py). Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from .report import FIGURES, Report, reproduce

__all__ = ["FIGURES", "Report", "reproduce"]
