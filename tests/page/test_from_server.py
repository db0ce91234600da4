"""The page from `lenet5 serve`: under the server's policy, with photographs."""

import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra serve is not installed")

from lenet5.serve.server import ServerOptions
from service import running

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser").expect
LINES = Path(__file__).parents[2] / "examples" / "lines" / "two-lines.png"


@pytest.fixture(scope="module")
def address():
    with running(ServerOptions(port=0, workers=1)) as service:
        yield service.address


def test_a_photograph_is_read_by_the_server_and_its_graph_drawn(browser, address):
    complaints = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/")
    page.locator("#photo").wait_for(state="visible")
    expect(page.locator("#verdict")).to_have_text(re.compile("^Reads 2"))
    page.set_input_files("#file", LINES)
    page.get_by_text("Read: 40725, 1863").wait_for(timeout=60_000)
    expect(page.locator("#picture-lines .graph")).to_have_count(2)
    expect(page.locator("#picture-lines .graph").first.locator("g.on")).to_have_count(5)
    arc = page.locator("#picture-lines .arc").first  # its penalties are not those of eq. 7, and named so
    assert arc.locator("tr").first.inner_text().split("\t")[1] == "penalty of the graph"
    assert arc.locator("tr").first.inner_text().endswith(" nats")
    assert "nats" in (page.locator("#picture-lines g.on").first.get_attribute("aria-label") or "")
    assert "graph" not in page.locator("#arc").inner_text()
    assert not complaints
    page.set_input_files("#file", __file__)
    page.get_by_text("This picture was not read").wait_for(timeout=30_000)
    page.close()
