"""The page as one file: nothing outside it is needed, its policy fits it, and the copy in the documents is current."""

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from lenet5.errors import SaveError
from lenet5.model.load import find
from lenet5.page import PAGE_CSP, page_html, write_page
from lenet5.page.assemble import NETWORKS, data, page_network

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def html():
    return page_html()


def test_the_page_is_smaller_than_600_kilobytes(html):
    assert len(html.encode()) <= 600_000


def test_nothing_is_loaded_from_anywhere(html):
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r"<(link|img|iframe)\b|\bsrc=|url\(|@import", markup)
    assert set(re.findall(r"https?://[\w./-]+", markup)) == {"https://doi.org/10.1109/5.726791"}


def test_the_policy_allows_exactly_the_pages_own_script_and_style(html):
    def digest(text):
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    assert f"script-src {digest(script)};" in PAGE_CSP and f"style-src {digest(style)};" in PAGE_CSP
    assert "default-src 'none'" in PAGE_CSP and "unsafe" not in PAGE_CSP
    assert f'content="{PAGE_CSP}"' in html


def test_markup_has_no_styles_or_handlers_that_the_policy_would_stop(html):
    markup = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S)
    assert not re.search(r"\s(style|on\w+)=", markup)


def test_weights_are_the_packages_in_half_precision():
    for stored, name in zip(data()["networks"], NETWORKS, strict=True):
        values = np.frombuffer(base64.b85decode(stored["weights"].replace(" ", "<")), "<f2")
        np.testing.assert_array_equal(values.astype(np.float32), page_network(name).parameters)
        full = find(name).members[0].parameters
        np.testing.assert_allclose(values, full, rtol=2**-10, atol=2**-24)


def test_half_precision_costs_at_most_three_digits_in_ten_thousand(mnist_test):
    images, labels = mnist_test
    for name in NETWORKS:
        wrong, before = (
            np.mean(network.predict(images) != labels)
            for network in (page_network(name), find(name).members[0])
        )
        assert wrong <= before + 3e-4, name


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(SaveError):
        write_page(str(tmp_path / "nowhere" / "index.html"))


def test_the_copy_in_the_documents_is_current(html):
    assert (DOCS / "page" / "index.html").read_text(encoding="utf-8") == html, (
        "run: python scripts/page.py --write"
    )
