"""The review page in a real browser, from its file: read, clicked, typed, with keys alone, saved and loaded."""

from __future__ import annotations

import json

import pytest

import scans
from lenet5.bulk.review import write_review
from lenet5.bulk.review.answers import load_answers
from lenet5.bulk.review.items import items_of_page
from lenet5.bulk.rows import RowReader

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the browser's driver
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser").expect

FORM = scans.form(number=[0, 0, 200, 40], note={"region": [0, 100, 90, 90], "mode": "lines"})


def items(count):
    """Items of pages with two doubtful fields each, the second of two lines; a name that HTML would take for markup."""
    found = []
    reader = RowReader(FORM, 0.9)
    for number in range((count + 1) // 2):
        two = scans.plain("x", ("1?", 0.5, [("12", 0.5)]), ("34", 0.6)).result
        page = scans.page(
            f"</script><b>{number}.png",
            number=scans.line("4?7", 0.5, [("417", 0.5), ("477", 0.4)]),
            note=two,
        )
        found += items_of_page(page, reader.rows(page))
    return found[:count]


@pytest.fixture
def open_review(browser, tmp_path):
    """Opens a page of so many items; nothing may be asked of the network, and nothing may go wrong."""
    contexts, complaints = [], []

    def opened(count, **settings):
        lines = items(count)
        assert write_review(tmp_path, ["\n".join(lines).encode()], "r & s.csv") == count
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: complaints.append(one.url) if one.url.startswith("http") else None)
        page.goto((tmp_path / "index.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def saved(page, folder):
    """What the button saves, as the command reads it, and as it stands in the file."""
    with page.expect_download() as download:
        page.click("#save")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return load_answers(path), path


def active(page):
    return page.evaluate(
        "document.activeElement.getAttribute('aria-label') || document.activeElement.tagName"
    )


def test_keys_work_before_anything_is_clicked(open_review, tmp_path):
    page = open_review(3)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 3 answered")
    page.keyboard.press("0")  # the next one has the focus
    answers, _ = saved(page, tmp_path)
    assert [one.text for one in answers] == ["477", ""]


def test_readings_are_clicked_and_typed_and_saved(open_review, tmp_path):
    page = open_review(3)
    expect(page.locator("#count")).to_have_text("0 of 3 answered")
    expect(page.locator("#save")).to_be_disabled()
    expect(page.locator("h1")).to_have_text("Review of r & s.csv")
    first, second, third = page.locator(".item").all()
    assert first.locator("input").input_value() == "417"  # the best guess, for 4?7
    assert first.locator("img").evaluate("image => image.complete && image.naturalWidth > 20")
    first.locator(".choices button").nth(1).click()
    first.get_by_role("button", name="Accept").click()
    second.locator("textarea").fill("12\n35")
    second.locator("textarea").press("Enter")
    third.get_by_role("button", name="Nothing is written").click()
    expect(page.locator("#count")).to_have_text("3 of 3 answered")
    answers, path = saved(page, tmp_path)
    assert path.name == "r & s.csv.answers.json"
    assert [(one.column, one.reading, one.text, len(one.glyphs)) for one in answers] == [
        ("number", "4?7", "477", 3), ("note", "1?\n34", "12\n35", 4), ("number", "4?7", "", 3),
    ]  # fmt: skip
    assert {one.source for one in answers} == {"</script><b>0.png", "</script><b>1.png"}


def test_keys_alone_do_everything(open_review, tmp_path):
    page = open_review(4)
    for _ in range(20):  # from the top of the page, by Tab
        page.keyboard.press("Tab")
        if "number" in active(page):
            break
    assert active(page) == "</script><b>0.png · number: was read 4?7"
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    assert "0.png · note" in active(page)
    page.keyboard.press("e")
    assert active(page) == "TEXTAREA"
    page.keyboard.press("Control+a")
    page.keyboard.type("90")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    assert "1.png · number" in active(page)
    page.keyboard.press("0")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Backspace")  # taken back
    page.keyboard.press("F2")
    page.keyboard.press("Escape")
    assert "1.png · number" in active(page)
    page.keyboard.press("9")  # there is no ninth reading
    answers, _ = saved(page, tmp_path)
    assert [one.text for one in answers] == ["477", "90\n1"]


def test_an_item_that_was_not_read_is_not_accepted_untyped(open_review):
    page = open_review(2)
    second = page.locator(".item").nth(1)
    second.locator("textarea").fill(" ")
    second.locator("textarea").press("Enter")
    expect(page.locator("#message")).to_contain_text("Type what it says")
    expect(page.locator("#count")).to_have_text("0 of 2 answered")


def test_what_was_read_as_empty_is_accepted_as_empty(browser, tmp_path):
    item = json.loads(items(1)[0]) | {"reading": "", "readings": [["", 0.9]]}
    write_review(tmp_path, [json.dumps(item).encode()], "r.csv")
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.locator(".item").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 1 answered")
    page.close()


def test_many_items_are_drawn_a_page_at_a_time_and_what_was_passed_over_comes_again(open_review):
    page = open_review(45)
    expect(page.locator(".item")).to_have_count(20)
    expect(page.locator("#page")).to_have_text("Page 1 of 3")
    page.locator(".item").first.focus()
    for _ in range(20):
        page.keyboard.press("Enter")
    expect(page.locator("#page")).to_have_text("Page 2 of 3")
    expect(page.locator("#count")).to_have_text("20 of 45 answered")
    page.click("#after")
    page.click("#after")  # past the end
    expect(page.locator("#message")).to_contain_text("25 were passed over")
    expect(page.locator("#page")).to_have_text("Page 1 of 2")
    page.click("#before", force=True)
    page.select_option("#filter", "answered")
    expect(page.locator("#page")).to_have_text("Page 1 of 1")
    expect(page.locator(".item.answered")).to_have_count(20)
    page.select_option("#filter", "all")
    expect(page.locator("#page")).to_have_text("Page 1 of 3")


def test_answers_are_kept_by_the_browser_and_loaded_from_a_file(open_review, tmp_path):
    page = open_review(3)
    page.locator(".item").first.focus()
    page.keyboard.press("Enter")
    page.reload()
    expect(page.locator("#count")).to_have_text("1 of 3 answered")
    _, path = saved(page, tmp_path)
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator("#count")).to_have_text("0 of 3 answered")
    page.set_input_files("#load", path)
    expect(page.locator("#count")).to_have_text("1 of 3 answered")
    expect(page.locator("#message")).to_contain_text("1 of 1 answers")
    path.write_text(json.dumps({"kind": "something else"}))
    page.set_input_files("#load", path)
    expect(page.locator("#message")).to_contain_text("no file of answers")
    page.evaluate("localStorage.setItem(Object.keys(localStorage)[0], 'damaged')")
    page.reload()
    expect(page.locator("#count")).to_have_text("0 of 3 answered")


def test_everything_answered_is_said(open_review):
    page = open_review(1)
    page.locator(".item").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("Everything is answered")
    assert active(page) == "BUTTON"
    expect(page.locator("#command")).to_contain_text("lenet5 review apply")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_no_width_scrolls(open_review, scheme):
    axe_package = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is not installed"
    )
    page = open_review(5, color_scheme=scheme, bypass_csp=True)
    page.locator(".item").first.focus()
    page.keyboard.press("Enter")
    page.click("summary")
    for width in (360, 768, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe_package.AXE_FILE_PATH.read_text(encoding="utf-8"))
    passes, violations = page.evaluate("axe.run().then((found) => [found.passes, found.violations])")
    assert len(passes) > 15
    assert not [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations]
