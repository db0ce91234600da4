"""The page in a real browser, from its file: drawn on with a pen, with keys, with a link, in every width."""

import re

import numpy as np
import pytest

import javascript

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the browser's driver


def draw(page, pad, strokes, *, side, left=0.0, top=0.0):
    """Draw polygons of the pen (in a box of 300×300) with the mouse, into a square of `side` of the pad's width."""
    page.locator(pad).scroll_into_view_if_needed()
    box = page.locator(pad).bounding_box()
    unit = box["width"]
    for points in strokes:
        way = [
            (box["x"] + unit * (left + side * x / 300), box["y"] + unit * (top + side * y / 300))
            for x, y in points
        ]
        page.mouse.move(*way[0])
        page.mouse.down()
        for point in way[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()


def verdict(page):
    return page.inner_text("#verdict")


def test_a_three_drawn_with_the_pen_reads_three(open_page):
    page = open_page()
    draw(page, "#pad", javascript.DIGITS["3"], side=1)
    page.wait_for_function("document.getElementById('answer').textContent === '3'", timeout=5000)
    assert verdict(page).startswith("Reads 3")


def test_every_digit_drawn_reads_as_itself(open_page):
    page = open_page()
    for digit, strokes in javascript.DIGITS.items():
        page.click("#clear")
        draw(page, "#pad", strokes, side=0.9, left=0.05, top=0.05)
        page.wait_for_function(f"document.getElementById('answer').textContent === '{digit}'", timeout=5000)


def test_a_scribble_is_refused_with_its_reason(open_page):
    page = open_page()
    rng = np.random.default_rng(0)
    draw(page, "#pad", [[tuple(point) for point in rng.uniform(50, 250, (24, 2))]], side=1)
    page.wait_for_function("document.getElementById('answer').textContent === '?'", timeout=5000)
    assert re.search(r"No digit: .*nearest code.* at a distance of", verdict(page))


def test_407_on_the_wide_pad_is_read_with_its_graph(open_page):
    page = open_page()
    page.click("#wide-clear")
    for k, digit in enumerate("407"):
        draw(page, "#wide", javascript.DIGITS[digit], side=0.28, left=0.04 + 0.24 * k, top=0.015)
    page.wait_for_function(
        "document.getElementById('number-answer').textContent.startsWith('407')", timeout=8000
    )
    assert page.locator("#graph g.on").count() == 3
    assert page.locator("#readings .bar").count() == 5
    assert page.locator("#readings .bar").first.inner_text().startswith("407")


def test_a_link_restores_the_drawing_and_its_answer(open_page):
    page = open_page()
    page.focus("#pad")
    page.keyboard.press("7")
    page.wait_for_function(
        "document.getElementById('answer').textContent === '7' && location.hash.length > 100"
    )
    again = open_page(page.evaluate("location.hash"))
    assert again.inner_text("#answer") == "7"
    assert len(page.evaluate("location.hash")) == len("#d=") + 131


def test_a_damaged_link_opens_the_page_all_the_same(open_page):
    for fragment in ("#d=%%%", "#d=AAAA", "#g=!", "#nothing"):
        assert verdict(open_page(fragment)).startswith("Reads 2")


def test_keys_alone_draw_a_one_and_look_into_a_unit(open_page):
    page = open_page()
    page.focus("#pad")
    page.keyboard.press("Delete")
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_function("document.getElementById('answer').textContent === '1'", timeout=5000)
    page.focus("#c3")
    page.keyboard.press("Enter")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#unit-title").startswith("C3, map 2, row 6, column 7")


def test_every_control_is_reached_by_tab(open_page):
    page = open_page()
    reached = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {
        "pad",
        "undo",
        "clear",
        "pen",
        "c1",
        "s2",
        "c3",
        "s4",
        "c5",
        "f6-row",
        "map-off",
        "wide",
        "play",
    } <= reached


def test_the_sum_of_a_unit_is_what_the_page_says(open_page):
    """The numbers of the table, rounded to two places, add up to the sum that stands below them."""
    page = open_page()
    page.focus("#c3")
    page.keyboard.press("Enter")

    def number(text):
        return float(text.replace("−", "-"))

    rows = [row.split("\t") for row in page.inner_text("#sum .sums").strip().split("\n") if row.strip()]
    values = [number(row[-1]) for row in rows]
    assert len(values) == 3 + 3  # three S2 maps, by Table I; bias, sum and state
    assert sum(values[:-2]) == pytest.approx(values[-2], abs=0.03)
    assert 1.7159 * np.tanh(2 / 3 * values[-2]) == pytest.approx(values[-1], abs=0.01)


def test_a_map_switched_off_changes_the_penalty_and_comes_back(open_page):
    page = open_page()
    before = page.inner_text("#codes")
    page.focus("#c1")
    page.keyboard.press("Enter")
    page.click("#map-off")
    assert page.inner_text("#codes") != before and page.inner_text("#off-note").startswith("1 switched off")
    page.click("#maps-on")
    assert page.inner_text("#codes") == before


def test_the_evidence_is_the_difference_of_two_penalties(open_page):
    page = open_page()
    text = page.inner_text("#evidence-text").replace("−", "-")
    pro, contra, total = (
        float(re.search(pattern, text)[1])
        for pattern in (r"orange, \+([\d.]+)", r"blue, (-?[\d.]+)", r"Together (-?[\d.]+)")
    )
    assert pro + contra == pytest.approx(total, abs=0.11)


def test_the_walk_goes_by_arrow_keys_and_ends_with_escape(open_page):
    page = open_page(reduced_motion="reduce")
    page.click("#walk-start")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#walk-text").startswith("C1") and page.inner_text("#walk-count") == "2 of 10"
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#walk-count") == "1 of 10"
    page.keyboard.press("Escape")
    assert page.locator("#walk").is_hidden()


def test_with_reduced_motion_the_sliding_network_goes_a_step_at_a_time(open_page):
    page = open_page(reduced_motion="reduce")
    page.click("#play")
    page.wait_for_timeout(500)
    assert page.input_value("#window") == "1" and page.inner_text("#play") == "Play"


def test_photographs_are_not_offered_without_a_server(open_page):
    assert open_page().locator("#photo").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways(open_page, scheme):
    page = open_page(color_scheme=scheme)
    for width in (360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme):
    axe_package = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is not installed"
    )
    page = open_page(color_scheme=scheme, bypass_csp=True)
    page.click(".share summary")
    page.evaluate(axe_package.AXE_FILE_PATH.read_text(encoding="utf-8"))
    passes, violations = page.evaluate("axe.run().then((found) => [found.passes, found.violations])")
    assert len(passes) > 20
    assert not [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations]
