"""Answers about parts of a line, by one network and by several."""

import numpy as np

from lenet5.committee import Committee
from lenet5.model import LeNet5
from lenet5.parts import HARDLY, SURELY, answers, cascade
from lenet5.rubbish import noncharacters
from lenet5.segment import leaning


def test_parts_are_seen_as_they_are_and_leaning(mnist_test):
    model, fields = LeNet5.pretrained("reading"), mnist_test[0][:30]
    seen = answers(model, fields, (-0.2, 0.2))
    assert len(seen) == 3
    for slant, penalties in zip((None, -0.2, 0.2), seen, strict=True):
        view = fields if slant is None else leaning(fields, slant)
        np.testing.assert_allclose(penalties, model.penalties(view), rtol=1e-5)


def test_several_networks_answer_together(mnist_test):
    together = Committee([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    fields = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    (seen,) = answers(together, fields, ())
    np.testing.assert_allclose(seen, together.penalties(fields), rtol=1e-5)


def test_in_a_cascade_the_first_answers_alone_where_it_is_sure(mnist_test):
    together = Committee([LeNet5.pretrained("reading"), LeNet5.pretrained("displacement")])
    fields = np.concatenate([mnist_test[0][:60], noncharacters(0, 60)])
    plain, leant = cascade(together, fields, (0.2,))
    first = together.members[0]
    for seen, view in ((plain, fields), (leant, leaning(fields, 0.2))):
        likely = first.posterior(view)
        alone = (likely.sum(1) < HARDLY) | (likely.max(1) >= SURELY)
        dull = (first.posterior(fields).sum(1) < HARDLY) & (seen is leant)
        assert 40 < alone.sum() < 115 and alone[:60].any() and alone[60:].any()
        np.testing.assert_allclose(seen[alone & ~dull], first.penalties(view[alone & ~dull]), rtol=1e-5)
        np.testing.assert_allclose(seen[~alone & ~dull], together.penalties(view[~alone & ~dull]), rtol=1e-5)
        np.testing.assert_allclose(seen[dull], first.penalties(fields[dull]), rtol=1e-5)
    assert dull.sum() > 20


def test_one_network_in_a_cascade_answers_as_ever_where_there_may_be_a_character(mnist_test):
    model, fields = LeNet5.pretrained("reading"), mnist_test[0][:60]
    for one, other in zip(
        cascade(model, fields, (-0.2, 0.2)), answers(model, fields, (-0.2, 0.2)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert [len(view) for view in cascade(model, fields[:0], (-0.2, 0.2))] == [0, 0, 0]
