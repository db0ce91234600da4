"""The report says what its runs say; trainings are kept; what is wrong is a sentence."""

import json
import statistics
import sys

import pytest

from blots import TEST, TINY, TRAINING
from lenet5.errors import InputError, MissingExtraError, SaveError
from lenet5.reproduce import FIGURES, reproduce
from lenet5.training import runs as trainings

pytest.importorskip("matplotlib", reason="Matplotlib is not installed: no report")


def test_every_figure_is_on_the_page_with_what_was_published_and_what_is_ours(made):
    out, report = made
    text = (out / "index.html").read_text(encoding="utf-8")
    assert [panel.key for panel in report.panels] == list(FIGURES)
    for name in FIGURES:
        section = text.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert all(f"<dt>{head}</dt><dd>" in section for head in ("published", "ours", "difference"))


def test_errors_on_the_page_are_those_of_the_models_that_are_kept(made, errors_of):
    out, report = made
    panels = {panel.key: panel for panel in report.panels}
    regular, distorted, best = (errors_of(kind) for kind in ("paper-*", "distorted-*", "best-*"))
    assert len(regular) == len(distorted) == len(best) == 2
    for key, errors in (("fig5", regular), ("fig6", distorted), ("fig9", best)):
        said = f"{statistics.mean(errors):.2%} ("  # of two seeds both values, and no deviation
        assert said in panels[key].ours and "±" not in panels[key].ours
        assert ", ".join(f"{error:.2%}" for error in errors) in panels[key].ours
        assert said in (out / "index.html").read_text(encoding="utf-8")
    gap = 100 * (statistics.mean(regular) - 0.0095)
    assert (
        f"{abs(gap):.2f} points {'above' if gap > 0 else 'below'} the published 0.95%"
        in panels["fig5"].difference
    )
    kept = json.loads((out / "numbers" / "fig5.json").read_text(encoding="utf-8"))
    assert kept["test_error"][-1]["mean"] == pytest.approx(statistics.mean(regular))


def test_fewer_seeds_and_passes_are_said_at_the_top(made):
    text = (made[0] / "index.html").read_text(encoding="utf-8")
    assert "2 seeds instead of 5, at most 2 passes" in text.split("<section")[0]


def test_only_what_is_named_is_made(tmp_path):
    report = reproduce(TRAINING, TEST, tmp_path, ["fig11", "architecture"], scale=TINY)
    assert [panel.key for panel in report.panels] == ["architecture", "fig11"]
    assert not list((tmp_path / "runs").iterdir())
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"fig11.svg"}


def test_a_second_call_trains_nothing_and_says_the_same(made, tmp_path, monkeypatch):
    out, _ = made
    before = (out / "index.html").read_bytes()
    monkeypatch.setattr(trainings, "train", lambda *_, **__: pytest.fail("trained again"))
    reproduce(TRAINING, TEST, out, scale=TINY, workers=2)
    assert (out / "index.html").read_bytes() == before


def test_a_figure_that_is_not_there_is_named_with_those_that_are(tmp_path):
    with pytest.raises(InputError, match=r"fig99.*fig5"):
        reproduce(TRAINING, TEST, tmp_path, ["fig99"])
    with pytest.raises(InputError, match="test pattern 60"):
        reproduce(TRAINING, TEST, tmp_path, ["maps"], pattern=60)


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(trainings, "train", lambda *_, **__: pytest.fail("trained"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="--out"):
        reproduce(TRAINING, TEST, tmp_path / "file" / "report", ["fig5"], scale=TINY)


def test_without_matplotlib_the_extra_is_named_before_the_work(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"lenet5-1998\[plots\]"):
        reproduce(TRAINING, TEST, tmp_path, ["fig5"], scale=TINY)
    assert not list(tmp_path.iterdir())


def test_one_panel_has_a_page_of_its_own_and_leaves_the_report(made):
    from lenet5.reproduce.report import FIGURES, page_name

    assert page_name(list(FIGURES)) == "index.html"
    assert page_name(["maps"]) == "maps.html"
