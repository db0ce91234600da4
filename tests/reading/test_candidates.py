"""Candidates of a line: what each network is asked, and what their shape costs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lenet5.data.synthesis.negatives import noncharacters
from lenet5.imaging.segmentation import over_segment
from lenet5.lattice.automaton import Grammar, choices, length
from lenet5.lattice.regex import pattern
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.reading.candidate_shapes import CANDIDATES, CandidateSettings, ShapePenalties
from lenet5.reading.candidates import cascade, composed_arcs, recognise
from lenet5.reading.over_segmentation import OverSegmentationSettings, read_string


def test_in_a_cascade_the_first_answers_alone_where_it_is_sure(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), find("displacement").members[0]])
    glyphs = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    first = ensemble.members[0]
    known = first.penalties(glyphs)
    penalties = cascade(ensemble, glyphs, known)
    posterior = first.posterior(glyphs)
    alone = (posterior.sum(1) < CANDIDATES.rejection_probability) | (
        posterior.max(1) >= CANDIDATES.certain_probability
    )
    assert 40 < alone.sum() < 115 and alone[:60].any() and alone[60:].any()
    assert np.array_equal(penalties[alone], known[alone])
    np.testing.assert_allclose(penalties[~alone], ensemble.penalties(glyphs[~alone]), rtol=1e-5)
    assert np.array_equal(known, first.penalties(glyphs))  # as it was given


def test_in_a_cascade_experts_are_not_asked(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), find("displacement").members[0]])
    helped = Ensemble(ensemble.members, [LeNet5.pretrained("digits")])
    glyphs = mnist_test[0][:200]
    known = ensemble.members[0].penalties(glyphs)
    assert np.array_equal(cascade(helped, glyphs, known), cascade(ensemble, glyphs, known))
    assert not np.array_equal(helped.penalties(glyphs), ensemble.penalties(glyphs))


def test_in_a_cascade_the_others_are_asked_about_relevant_candidates_alone(mnist_test):
    ensemble = Ensemble([LeNet5.pretrained("reading"), find("displacement").members[0]])
    glyphs = noncharacters(0, 120)
    known = ensemble.members[0].penalties(glyphs)
    relevant = np.arange(120) % 2 == 0
    penalties, every = cascade(ensemble, glyphs, known, relevant), cascade(ensemble, glyphs, known)
    assert np.array_equal(penalties[~relevant], known[~relevant]) and not np.array_equal(
        every[~relevant], known[~relevant]
    )
    np.testing.assert_allclose(penalties[relevant], every[relevant], rtol=1e-5)


def test_one_network_in_a_cascade_answers_alone(mnist_test):
    model, glyphs = LeNet5.pretrained("reading"), mnist_test[0][:60]
    known = model.penalties(glyphs)
    assert np.array_equal(cascade(model, glyphs, known), known)
    assert cascade(model, glyphs[:0], known[:0]).shape == (0, 10)


def test_what_is_surely_one_character_by_itself_is_not_cut_in_two(mnist_test):
    images, labels = mnist_test
    model = find("ensemble")
    sixes = [Image.fromarray(np.pad(image, 4)).resize((72, 72)) for image in images[labels == 6][:150]]

    def split(shape: ShapePenalties) -> int:
        lines = [np.asarray(six, np.float32) / 255 for six in sixes]
        settings = OverSegmentationSettings(candidates=CandidateSettings(shape))
        return sum(len(read_string(line, model, best=1, settings=settings).text) > 1 for line in lines)

    assert split(ShapePenalties()) <= 3 < split(ShapePenalties(whole=0.0))


def test_only_the_small_class_may_be_small_at_no_cost(mnist_test):
    images, labels = mnist_test
    large, small = (images[labels == digit][1] for digit in (3, 0))
    line = np.zeros((60, 110), np.float32)
    line[5:49, 5:49] = np.asarray(Image.fromarray(large).resize((44, 44)), np.float32) / 255
    line[20:42, 60:82] = np.asarray(Image.fromarray(small).resize((22, 22)), np.float32) / 255
    model = find("ensemble")

    def penalty(small_class: str) -> float:
        settings = OverSegmentationSettings(
            candidates=CandidateSettings(ShapePenalties(small_class=small_class))
        )
        return read_string(line, model, settings=settings).penalty

    assert read_string(line, model).text == "30"
    assert penalty("0") + 1 < penalty("7")


@pytest.mark.parametrize(
    "grammar",
    [length(3, 3, "0123456789"), pattern("1?[0-4]{2,}", "0123456789"), choices(["12", "345"], "0123456789")],
    ids=["length", "pattern", "choices"],
)
def test_the_arcs_of_a_line_with_a_grammar_are_known_before_it_is_classified(mnist_test, grammar: Grammar):
    """Oracle: the graph that is composed when all candidates have been classified."""
    images, _ = mnist_test
    line = np.concatenate([np.pad(image, 4) for image in images[:6]], 1).astype(np.float32) / 255
    pieces, model = over_segment(line), find("reading")
    composed, _ = recognise(pieces, model).graph.compose(grammar.next_state, grammar.accepting)
    count = int((composed.label >= 0).sum())
    assert composed_arcs(pieces, model, grammar, 10**9) == count > 100
    assert composed_arcs(pieces, model, grammar, 50) > 50
