"""The page is one file."""

import re


def test_the_page_needs_nothing_else(made):
    text = (made[0] / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text and "@import" not in text
    for address in re.findall(r'(?<!xmlns)(?<!xmlns:xlink)(?:src|href)="([^"]*)"', text):
        assert address.startswith(("#", "data:image/png;base64,")), address[:60]
    assert all('alt="' in tag for tag in re.findall(r"<img [^>]*>", text))
    names = re.findall(r' id="([^"]*)"', text)
    assert len(names) == len(set(names))  # pictures that are drawn apart share a page
