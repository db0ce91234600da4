"""`lenet5 reproduce`: the figures of Section III that concern LeNet-5, made anew beside the published ones.

Trainings are kept in a folder (runs.py); panels are made from them (training_figures.py, error_figures.py,
network_figures.py, robustness_figure.py), and a page from the panels (html_page.py). Nothing heavy is imported before
it is used.
"""

from __future__ import annotations

from .report import FIGURES, Callbacks, Report, reproduce

__all__ = ["FIGURES", "Callbacks", "Report", "reproduce"]
