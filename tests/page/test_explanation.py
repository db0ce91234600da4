"""`explain`: every layer's state of one's own character, and what a map is good for once it is switched off."""

import base64
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from lenet5 import InputError, LeNet5, PictureError, explain
from lenet5.network.preprocessing import normalise
from lenet5.network.reference import forward

SEVEN = "examples/pencil-seven.png"


@pytest.fixture(scope="module")
def seven(request):
    return request.config.rootpath / SEVEN


def test_states_have_the_papers_shapes(seven):
    states = explain(seven).states
    assert {layer: state.shape for layer, state in states.items()} == {
        "input": (1, 32, 32), "c1": (6, 28, 28), "s2": (6, 14, 14), "c3": (16, 10, 10), "s4": (16, 5, 5),
        "c5": (120, 1, 1), "f6": (84, 1, 1),
    }  # fmt: skip


def test_the_answer_is_the_networks(seven):
    answer, network = explain(seven, "paper"), LeNet5.pretrained("paper")
    assert answer.text == "7"
    np.testing.assert_allclose(answer.penalties, network.penalties(answer.glyph[None])[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("layer", "map_"), [("c1", 2), ("s2", 0), ("c3", 4), ("s4", 15), ("c5", 119), ("f6", 3)]
)
def test_a_map_that_is_off_is_read_as_zero(seven, layer, map_):
    """Oracle: the layers after it, computed anew from its layer's states with that map set to 0."""
    answer = explain(seven, off={layer: [map_]})
    network = LeNet5.pretrained("reading")
    plain = forward(network.named_parameters, network.codes, normalise(answer.glyph[None])).x
    states = {name: state[0].astype(float) for name, state in plain.items()}
    states[layer][map_] = 0
    np.testing.assert_allclose(answer.penalties, _penalties_after(network, layer, states), rtol=1e-3)
    assert not answer.states[layer][map_].any()


def _penalties_after(network, layer, states):
    """Penalties by the layers after one, in plain loops."""
    from lenet5.network.architecture import PAIRS

    p, order = network.named_parameters, ["c1", "s2", "c3", "s4", "c5", "f6"]
    x = states[layer]
    for name in order[order.index(layer) + 1 :]:
        if name in ("s2", "s4"):
            sums = x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]
            a = sums * p[f"{name}.coefficient"][:, None, None] + p[f"{name}.bias"][:, None, None]
        elif name == "c3":
            a = np.repeat(p["c3.bias"].astype(float), 100).reshape(16, 10, 10)
            for kernel, (c3, s2) in zip(p["c3.weight"], PAIRS, strict=True):
                for r in range(10):
                    for c in range(10):
                        a[c3, r, c] += (kernel * x[s2, r : r + 5, c : c + 5]).sum()
        else:
            a = p[f"{name}.weight"].reshape(-1, x.size) @ x.ravel() + p[f"{name}.bias"]
        x = 1.7159 * np.tanh(2 / 3 * a)
    return ((x.ravel() - network.codes) ** 2).sum(1)


def test_a_confidence_is_the_mean_over_sheared_views_as_the_reader_gives_it(seven):
    from lenet5.imaging.shear import shear_images
    from lenet5.reading.isolated_characters import SETTINGS

    answer, network = explain(seven), LeNet5.pretrained("reading")
    views = [answer.glyph, *(shear_images(answer.glyph, shear) for shear in SETTINGS.shears)]
    each = [network.confidence_of(network.penalties(view[None]))[0] for view in views]
    np.testing.assert_allclose(answer.confidences, np.mean(each, 0), atol=1e-4)
    assert answer.text == "7" and answer.accepted


def test_what_is_no_digit_is_not_accepted_and_the_picture_says_so():
    rng = np.random.default_rng(0)
    blot = np.full((120, 120), 255, np.uint8)
    for row, column in rng.integers(20, 95, (12, 2)):
        blot[row : row + 5, 20:100] = 0
        blot[20:100, column : column + 5] = 0
    answer = explain(blot)
    assert not answer.accepted and "LeNet-5 reads nothing: " in answer.svg()


def test_a_file_named_as_weights_of_the_package_is_not_taken_for_them(tmp_path):
    from lenet5.page.assemble import name_of

    assert name_of(tmp_path / "paper") == "./paper" and name_of("paper") == "paper"
    assert name_of(LeNet5("01", seed=0)) == "own"


def test_the_link_holds_the_glyph(seven):
    answer = explain(seven)
    text = answer.fragment.removeprefix("#g=")
    assert base64.urlsafe_b64decode(text + "==") == answer.glyph.tobytes()


def test_the_still_picture_shows_every_map_and_crosses_out_those_that_are_off(seven, tmp_path):
    answer = explain(seven, off={"c3": [4, 9]})
    file = tmp_path / "seven.svg"
    answer.save(file)
    root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("image") == 1 + 6 + 6 + 16 + 16 + 120 + 1 + 10
    assert tags.count("path") == 2
    assert "LeNet-5 reads 7" in file.read_text(encoding="utf-8")


def test_the_page_opens_with_the_character(seven, tmp_path):
    answer = explain(seven)
    file = tmp_path / "seven.html"
    answer.save(file)
    assert base64.b64encode(answer.glyph.tobytes()).decode() in file.read_text(encoding="utf-8")


def test_wrong_use_is_one_sentence_each(seven):
    with pytest.raises(InputError, match="no layer 'c9'"):
        explain(seven, off={"c9": [0]})
    with pytest.raises(InputError, match="s2 has no map 6"):
        explain(seven, off={"s2": [6]})
    with pytest.raises(PictureError):
        explain("no such file.png")


def test_of_letters_the_nearest_codes_are_drawn_the_answer_among_them(seven):
    answer = explain(seven, "letters")
    figure = answer.svg()
    assert figure.count(f'font-weight="bold">{answer.penalties.min():.1f}<') == 1
    assert f"LeNet-5 reads {answer.text}" in figure
