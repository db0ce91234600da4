"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator

__all__ = ["downloads", "width"]


def width() -> int:
    """Columns of a bar; a terminal that does not know its width has 80."""
    return min(100, shutil.get_terminal_size().columns)


@contextlib.contextmanager
def downloads() -> Iterator[Callable[[str, int, int | None], None]]:
    """Give `data.dataset.load` a progress function that shows a bar for each file as its bytes arrive."""
    from tqdm import tqdm

    bars: dict[str, tqdm] = {}

    def progress(file: str, done: int, total: int | None) -> None:
        if file not in bars:
            bars[file] = tqdm(
                total=total, desc=file, unit="B", unit_scale=True, ncols=width(), leave=False, disable=None
            )
        bars[file].total = total
        bars[file].update(done - bars[file].n)

    try:
        yield progress
    finally:
        for bar in bars.values():
            bar.close()
