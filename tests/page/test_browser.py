"""The page in a real browser, from its file: drawn on with a pen, with keys, with a link, in every width."""

import re

import numpy as np
import pytest

import javascript
from lenet5 import LeNet5, explain
from lenet5.network.architecture import PAIRS
from lenet5.page import write_page

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the browser's driver
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser").expect


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


def starts(text):
    """An expression for texts that start so, as Playwright's expectations take them."""
    return re.compile(f"^{re.escape(text)}")


def shows_unit(page, text):
    """Expect the title of the unit's sum to say so."""
    expect(page.locator("#unit-title")).to_contain_text(text)


def test_a_three_drawn_with_the_pen_reads_three(open_page):
    page = open_page()
    draw(page, "#pad", javascript.DIGITS["3"], side=1)
    expect(page.locator("#answer")).to_have_text("3")
    expect(page.locator("#verdict")).to_have_text(starts("Reads 3"))


def test_every_digit_drawn_reads_as_itself(open_page):
    page = open_page()
    for digit, strokes in javascript.DIGITS.items():
        page.click("#clear")
        draw(page, "#pad", strokes, side=0.9, left=0.05, top=0.05)
        expect(page.locator("#answer")).to_have_text(digit)


def test_a_scribble_is_refused_with_its_reason(open_page):
    page = open_page()
    rng = np.random.default_rng(0)
    draw(page, "#pad", [[tuple(point) for point in rng.uniform(50, 250, (24, 2))]], side=1)
    expect(page.locator("#answer")).to_have_text("?")
    expect(page.locator("#verdict")).to_have_text(re.compile(r"No digit: .*nearest code.* at a distance of"))


def test_407_on_the_wide_pad_is_read_with_its_graph(open_page):
    page = open_page()
    page.click("#wide-clear")
    for k, digit in enumerate("407"):
        draw(page, "#wide", javascript.DIGITS[digit], side=0.28, left=0.04 + 0.24 * k, top=0.015)
    expect(page.locator("#number-answer")).to_have_text(starts("407"))
    expect(page.locator("#graph g.on")).to_have_count(3)
    expect(page.locator("#readings .bar")).to_have_count(5)
    expect(page.locator("#readings .bar").first).to_have_text(starts("407"))


@pytest.mark.parametrize(
    ("strokes", "shown"),
    [([[(150, 150), (151, 151)]], "?"), (javascript.DIGITS["8"], "8")],
    ids=["a dot", "an 8"],
)
def test_on_the_wide_pad_a_dot_is_no_digit_and_a_digit_alone_is(open_page, strokes, shown):
    page = open_page()
    page.click("#wide-clear")
    draw(page, "#wide", strokes, side=0.28, left=0.4, top=0.015)
    expect(page.locator("#number-answer small")).to_be_attached()
    assert page.evaluate("document.getElementById('number-answer').firstChild.data") == shown


def test_a_link_restores_the_drawing_and_its_answer(open_page):
    page = open_page()
    page.focus("#pad")
    page.keyboard.press("7")
    expect(page.locator("#answer")).to_have_text("7")
    expect(page).to_have_url(re.compile(r"#d=.{131}$"))
    again = open_page(page.evaluate("location.hash"))
    expect(again.locator("#answer")).to_have_text("7")


def test_a_damaged_link_opens_the_page_all_the_same(open_page):
    for fragment in ("#d=%%%", "#d=AAAA", "#g=!", "#nothing"):
        expect(open_page(fragment).locator("#verdict")).to_have_text(starts("Reads 2"))


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
    expect(page.locator("#answer")).to_have_text("1")
    page.focus("#c3")
    page.keyboard.press("Enter")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    shows_unit(page, "C3, map 1, row 5, column 6")


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


def place(page, selector, x, y):
    """A point of an element: x and y as shares of its width and height."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_a_finger_chooses_a_map_and_then_any_of_its_units(open_page):
    """On a phone a unit of C1 is three pixels wide: its map is pressed, and the unit in the enlarged map."""
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*place(page, "#c1", 0.85, 0.7))  # the last of two rows of three
    shows_unit(page, "C1, map 5, ")
    page.touchscreen.tap(*place(page, "#magnified", 3.5 / 28, 20.5 / 28))
    shows_unit(page, "C1, map 5, row 20, column 3:")
    page.mouse.move(*place(page, "#magnified", 10.5 / 28, 4.5 / 28))
    page.mouse.down()
    page.mouse.move(*place(page, "#magnified", 11.5 / 28, 5.5 / 28))
    page.mouse.up()
    shows_unit(page, "C1, map 5, row 5, column 11:")


def test_the_nearest_unit_is_chosen_between_two_maps(open_page):
    page = open_page()
    box = page.locator("#s4").bounding_box()
    page.locator("#s4").click(position={"x": 45 / 46 * box["width"] / 16, "y": 0.3 * box["height"]})
    shows_unit(page, re.compile(r"S4, map [01], "))


@pytest.mark.parametrize("layer", ["c5", "f6-row"])
def test_units_of_a_layer_without_maps_are_chosen_in_the_enlarged_picture(open_page, layer):
    page = open_page()
    page.focus(f"#{layer}")
    page.keyboard.press("Enter")
    rows, columns = {"c5": (10, 12), "f6-row": (12, 7)}[layer]
    picture = page.locator("#magnified")
    expect(page.locator("#magnified-title")).to_contain_text("all units")  # until then it has another height
    box = picture.bounding_box()
    picture.click(position={"x": 2.5 / columns * box["width"], "y": 3.5 / rows * box["height"]})
    shows_unit(page, f", unit {3 * columns + 2}:")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    shows_unit(page, f", unit {4 * columns + 3}:")


def test_in_one_column_a_units_numbers_stand_below_its_layer_which_stays_in_place(open_page):
    page = open_page(viewport={"width": 360, "height": 740})
    page.locator("#f6-row").click(position={"x": 5, "y": 5})
    for layer in ("s4", "c1"):
        page.locator(f"#{layer}").scroll_into_view_if_needed()
        before = page.locator(f"#{layer}").bounding_box()["y"]
        page.mouse.click(*place(page, f"#{layer}", 0.1, 0.1))
        assert page.locator(f"#{layer}").bounding_box()["y"] == pytest.approx(before, abs=2)
        assert (
            page.evaluate(
                "document.getElementById('inspector').previousElementSibling.querySelector('canvas').id"
            )
            == layer
        )
    page.set_viewport_size({"width": 1280, "height": 740})
    expect(page.locator(".stack + #inspector")).to_be_attached()


def test_a_kernel_of_table_1_that_is_pressed_shows_its_products(open_page):
    page = open_page()
    c3, s2 = PAIRS[33]
    page.mouse.click(*place(page, "#c3", (c3 + 1.4) / 17, (s2 + 1.4) / 7))
    shows_unit(page, f"C3, map {c3}, ")
    expect(page.locator("#sum [aria-pressed=true]")).to_have_text(f"S2 map {s2}")
    page.mouse.click(*place(page, "#c3", 0.4 / 17, 3.4 / 7))  # the column of S2's own maps
    shows_unit(page, "S2, map 2, ")


def test_a_page_opens_with_the_weights_and_maps_that_it_was_written_with(open_page, tmp_path, pytestconfig):
    """Oracle: what `explain` computes with the same weights and maps in Python."""
    seven = pytestconfig.rootpath / "examples" / "pencil-seven.png"
    model = tmp_path / "my <model>.safetensors"
    LeNet5.pretrained("paper").save(model)
    off = {"c3": [4, 9]}
    for weights, says in (("paper", "Weights of 1998; "), (model, "Weights my <model>.safetensors; ")):
        answer = explain(seven, weights, off=off)
        answer.save(tmp_path / "explain.html")
        page = open_page(file=tmp_path / "explain.html")
        expect(page.locator("#verdict")).to_have_text(
            starts(f"{says}C3 map 4, C3 map 9 switched off. Reads 7, confidence ")
        )
        penalties = [
            float(text)
            for text in page.evaluate(
                "[...document.querySelectorAll('#codes button')].map((b) => b.lastChild.data)"
            )
        ]
        np.testing.assert_allclose(penalties, answer.penalties, atol=0.4)  # half precision
        expect(page.locator(".weights[aria-pressed=true]")).to_have_text(says[:-2])
        page.click("#maps-on")
        expect(page.locator("#verdict")).not_to_contain_text("switched off")


def test_a_page_with_letters_shows_the_codes_of_its_classes(open_page, tmp_path):
    write_page(tmp_path / "letters.html", weights="letters", off={"f6": [3]})
    page = open_page(file=tmp_path / "letters.html")
    expect(page.locator("#codes button")).to_have_count(26)
    expect(page.locator("#verdict")).to_have_text(starts("Weights letters; F6 unit 3 switched off. "))
    expect(page.locator("#snippet")).to_contain_text('LeNet5.pretrained("letters")')


def test_a_map_switched_off_changes_the_penalty_and_comes_back(open_page):
    page = open_page()
    before = page.inner_text("#codes")
    page.focus("#c1")
    page.keyboard.press("Enter")
    page.click("#map-off")
    expect(page.locator("#off-note")).to_have_text(starts("C1 map 0 switched off. "))
    assert page.inner_text("#codes") != before
    page.click("#maps-on")
    expect(page.locator("#off-note")).to_have_text("")
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
    page = open_page()
    page.click("#walk-start")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#walk-text")).to_have_text(starts("C1"))
    expect(page.locator("#walk-count")).to_have_text("2 of 10")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#walk-count")).to_have_text("1 of 10")
    page.keyboard.press("Escape")
    expect(page.locator("#walk")).to_be_hidden()


def test_with_reduced_motion_the_sliding_network_goes_a_step_at_a_time(open_page):
    page = open_page()
    page.click("#play")
    page.wait_for_timeout(500)  # long enough for more than a step, where it moved by itself
    expect(page.locator("#window")).to_have_value("1")
    expect(page.locator("#play")).to_have_text("Play")


def test_photographs_are_not_offered_without_a_server(open_page):
    expect(open_page().locator("#photo")).to_be_hidden()


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
