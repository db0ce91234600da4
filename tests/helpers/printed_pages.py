"""Printed text on paper, drawn here."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]


def printed(size: tuple[int, int], texts: list[tuple[int, int, str, int]]) -> tuple[np.ndarray, list[Box]]:
    """Where ink is (rows, columns) 0 … 1, and the box of each text: x, y, text, height of the font."""
    ink = Image.new("L", size)
    boxes = []
    for x, y, text, high in texts:
        one = Image.new("L", size)
        ImageDraw.Draw(one).text((x, y), text, fill=255, font=ImageFont.load_default(high), stroke_width=1)
        left, top, right, bottom = one.getbbox()
        boxes.append((left, top, right - left, bottom - top))
        ink = Image.fromarray(np.maximum(np.asarray(ink), np.asarray(one)))
    return np.asarray(ink, np.float32) / 255, boxes


def on_paper(ink: np.ndarray, paper: np.ndarray | float = 0.92, pen: float = 0.15) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.01, ink.shape)
    grey = np.clip(paper * (1 - ink) + pen * ink + noise, 0, 1)
    return np.repeat(grey[:, :, None], 3, 2).astype(np.float32)
