"""The page in a file, and opened in a real browser (tests/conftest.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, written to a file."""
    from lenet5.page import write_page

    file = tmp_path_factory.mktemp("page") / "index.html"
    write_page(str(file))
    return file


@pytest.fixture
def open_page(browser: Any, page_file: Path) -> Iterator[Any]:
    """Opens the page from its file: open_page(fragment, file, **settings of the context). Nothing may go wrong.

    The page scrolls smoothly where motion is not reduced: what is measured then lies elsewhere when it is pressed.
    """
    contexts, complaints = [], []

    def opened(fragment: str = "", file: Path = page_file, **settings: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **settings}
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{file.as_uri()}{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
