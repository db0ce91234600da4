"""LeNet-5 exactly as published in 1998, trained and run at the speed of the machine, and a reader of handwriting.

Public names are listed in __init__.pyi. A module is imported when one of its names is first used.
"""

from __future__ import annotations

import importlib
import os

from ._version import __version__ as __version__


def _read_stub() -> dict[str, str]:
    """The module of each public name, as __init__.pyi lists them: `from .MODULE import NAME as NAME`, one a line."""
    # Not by pathlib, which takes longer to load than all the rest.
    with open(os.path.join(__path__[0], "__init__.pyi"), encoding="utf-8") as stub:  # noqa: PTH118, PTH123
        lines = [line.split() for line in stub if line.startswith("from .")]
    return {words[3]: words[1] for words in lines if words[3] != "__version__"}


_MODULES = _read_stub()
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'lenet5' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
