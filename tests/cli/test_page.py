"""`lenet5 page`."""


def test_the_page_is_written_and_its_size_is_said(call, tmp_path):
    status, out, _ = call("page")
    file = tmp_path / "index.html"
    assert status == 0 and f"{file.stat().st_size:,} bytes" in out
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_is_not_there_fails_in_one_sentence(call):
    status, _, err = call("page", "--out", "nowhere/index.html")
    assert status == 1 and len(err.splitlines()) == 1 and "nowhere" in err
