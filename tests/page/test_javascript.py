"""The page computes what the package computes: the network, the glyph of a drawing, the pieces and the paths."""

import numpy as np
import pytest

import javascript
from lenet5.errors import PictureError
from lenet5.imaging.line_image import LineImage
from lenet5.imaging.normalise import normalise_character
from lenet5.imaging.segmentation import over_segment
from lenet5.imaging.shear import shear_images
from lenet5.lattice.graph import Graph
from lenet5.network.preprocessing import normalise
from lenet5.network.reference import forward
from lenet5.page.assemble import NETWORKS, page_network, source
from lenet5.reading.candidates import recognise
from lenet5.reading.results import format_confidence
from lenet5.reading.space_displacement import column_penalties

SHEET = 300  # side of the pad's sheet, in pixels
WIDE = (180, 560)


def reference(network, images, dtype=np.float64):
    """Penalties of the network, in double precision as the page computes them."""
    parameters = {name: value.astype(dtype) for name, value in network.named_parameters.items()}
    return forward(parameters, network.codes.astype(dtype), normalise(images, dtype)).penalties


def strokes_of(digit, rng, *, scale, width, left=0.0, top=0.0):
    """A digit's strokes as a trembling hand would draw them, from a corner."""
    strokes = []
    for points in javascript.DIGITS[digit]:
        corners = np.array(points, float) * scale
        steps = np.linspace(0, len(corners) - 1, 12 * len(corners))
        way = np.stack([np.interp(steps, range(len(corners)), corners[:, k]) for k in (0, 1)], 1)
        way += rng.normal(0, 1, way.shape) + np.array([left, top])
        strokes.append({"width": width, "points": way.tolist()})
    return strokes


@pytest.fixture(scope="module")
def canvases():
    """Sixty drawings of digits: large and small, thin and thick, everywhere on the sheet."""
    rng = np.random.default_rng(0)
    drawings = []
    for k in range(60):
        scale = rng.uniform(0.3, 1)
        room = (SHEET - 40) * (1 - scale)
        left, top = rng.uniform(10, 10 + room, 2)
        width = float(rng.choice([5, 9, 14, 20, 26]))
        drawings.append(
            strokes_of(str(k % 10), rng, scale=scale * 0.85, width=width, left=left + 20, top=top + 20)
        )
    return drawings


@pytest.fixture(scope="module")
def numbers():
    """Numbers as a hand writes them: some digits touch."""
    rng = np.random.default_rng(1)
    written = []
    for text in ["407", *("".join(rng.choice(list("0123456789"), 3 + k % 3)) for k in range(9))]:
        left, strokes = 20.0, []
        for digit in text:
            xs = [x for points in javascript.DIGITS[digit] for x, _ in points]
            one = strokes_of(digit, rng, scale=0.48, width=9.0, left=left - 0.48 * min(xs), top=18)
            strokes += one
            left += 0.48 * (max(xs) - min(xs)) + 9 + rng.uniform(-4, 16)
        written.append((text, strokes))
    return written


def test_penalties_are_the_references(tmp_path):
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (200, 28, 28), np.uint8) * (rng.random((200, 28, 28)) < 0.3)
    answers = javascript.run(
        "return DATA.networks.map(loadNetwork).map((n) => question.map((g) => forward(n, inputOf(g)).penalties[0]));",
        images.reshape(200, -1).tolist(),
        tmp_path,
    )
    for name, penalties in zip(NETWORKS, answers, strict=True):
        np.testing.assert_allclose(penalties, reference(page_network(name), images), atol=1e-4)


def test_drawings_become_the_glyphs_that_the_package_makes_byte_for_byte(canvases, tmp_path):
    answers = javascript.run(
        f"return question.map((strokes) => {{ const sheet = renderStrokes(strokes, {SHEET}, {SHEET});"
        f"const {{ glyph }} = glyphOfDrawing(sheet, {SHEET}, {SHEET});"
        "return [Array.from(sheet), Array.from(glyph)]; });",
        canvases,
        tmp_path,
    )
    for sheet, glyph in answers:
        picture = 255 - np.array(sheet, np.uint8).reshape(SHEET, SHEET)
        np.testing.assert_array_equal(np.array(glyph).reshape(28, 28), normalise_character(picture))


def test_an_empty_sheet_and_dust_are_no_drawing(tmp_path):
    rng = np.random.default_rng(3)
    dust = np.zeros((SHEET, SHEET), np.uint8)
    dust[tuple(rng.integers(2, SHEET - 2, (2, 900)))] = 255
    sheets = [np.zeros_like(dust), dust]
    answers = javascript.run(
        f"return question.map((sheet) => glyphOfDrawing(Uint8Array.from(sheet), {SHEET}, {SHEET}));",
        [sheet.ravel().tolist() for sheet in sheets],
        tmp_path,
    )
    for sheet, answer in zip(sheets, answers, strict=True):
        assert answer["reason"] and "glyph" not in answer
        with pytest.raises(PictureError):
            normalise_character(255 - sheet)


def test_sheared_views_are_the_readers(tmp_path):
    glyph = np.random.default_rng(4).integers(0, 256, (28, 28), np.uint8)
    answers = javascript.run(
        "return DATA.shears.map((s) => Array.from(shearGlyph(question, s)));",
        glyph.ravel().tolist(),
        tmp_path,
    )
    for shear, answer in zip((-0.35, -0.2, 0.2, 0.35), answers, strict=True):
        np.testing.assert_array_equal(np.reshape(answer, (28, 28)), shear_images(glyph, shear))


def test_numbers_are_cut_and_read_as_by_the_reader(numbers, tmp_path):
    rows, columns = WIDE
    answers = javascript.run(
        f"const net = loadNetwork(DATA.networks[0]); return question.map((strokes) => {{"
        f"const sheet = renderStrokes(strokes, {rows}, {columns});"
        f"const image = imageOf({rows}, {columns}, Float32Array.from(sheet, (v) => v / 255));"
        "const segments = overSegment(image), [line] = readNumber(net, image).lines;"
        "return { sheet: Array.from(sheet), boxes: segments.boxes, cuts: segments.cutCosts, line }; });",
        [strokes for _, strokes in numbers],
        tmp_path,
    )
    network = page_network("reading")
    for (text, _), answer in zip(numbers, answers, strict=True):
        foreground = np.reshape(answer["sheet"], WIDE).astype(np.float32) / np.float32(255)
        segments = over_segment(foreground)
        np.testing.assert_array_equal(answer["boxes"], segments.boxes)
        np.testing.assert_allclose(answer["cuts"], segments.cut_costs, atol=1e-5)
        graph = recognise(segments, network)
        line = answer["line"]
        assert line["text"] == graph.decode(network).text, text
        for arc in line["arcs"]:  # the bicubic and the area filter round their intermediate steps differently
            glyph = segments.glyph(arc["start"], arc["stop"]).ravel().astype(int)
            drawn = [arc["glyph"][str(i)] for i in range(784)]
            assert np.abs(glyph - drawn).max() <= 1
    assert answers[0]["line"]["text"] == "407"


def test_best_paths_shares_and_readings_are_those_of_the_lattice(tmp_path):
    rng = np.random.default_rng(5)
    arcs = [(a, b, k) for a in range(6) for b in range(a + 1, min(a + 3, 7)) for k in (-1, 0, 1, 2)]
    penalty = rng.uniform(0, 3, len(arcs))
    start, end, label = np.array(arcs).T
    graph = Graph(7, start, end, label, penalty)
    question = {
        "nodes": 7,
        "arcs": [
            {"start": int(a), "end": int(b), "label": int(k), "penalty": float(p)}
            for (a, b, k), p in zip(arcs, penalty, strict=True)
        ],
    }
    answer = javascript.run(
        "const first = [], paths = bestPaths(question);"
        "while (first.length < 40) first.push(paths.next().value.penalty);"
        "return { first, shares: arcShares(question), readings: bestReadings(question, 5) };",
        question,
        tmp_path,
    )
    paths = graph.paths()
    np.testing.assert_allclose(answer["first"], [next(paths).penalty for _ in range(40)])
    np.testing.assert_allclose(answer["shares"], graph.arc_posteriors())
    every = graph.forward_penalty()
    for reading in answer["readings"]:
        expected = np.exp(every - graph.forward_penalties([reading["labels"]])[0])
        assert reading["share"] == pytest.approx(expected)


def test_the_sliding_network_answers_as_space_displacement_does(numbers, tmp_path):
    rows, columns = WIDE
    sheet, penalties, shape, levels = javascript.run(
        f"const sheet = renderStrokes(question, {rows}, {columns});"
        f"const line = lineImage(imageOf({rows}, {columns}, Float32Array.from(sheet, (v) => v / 255)));"
        "const slid = displace(loadNetwork(DATA.networks[2]), line).map((column) => column.penalties);"
        "return [Array.from(sheet), slid, [line.rows, line.columns], Array.from(line.levels)];",
        numbers[0][1],
        tmp_path,
    )
    line = LineImage.even(np.reshape(sheet, WIDE).astype(np.float32) / np.float32(255)).levels
    np.testing.assert_allclose(np.reshape(levels, shape), line, atol=1e-6)
    expected = column_penalties(page_network("displacement"), line)
    np.testing.assert_allclose(penalties, expected, atol=1e-2)  # single precision over 84 squares


def test_a_drawing_survives_its_784_bits(tmp_path):
    rng = np.random.default_rng(6)
    glyph = (rng.random(784) < 0.3) * 255
    answer = javascript.run(
        source("link.js")
        + "return [base64Of(packBits(question)), Array.from(unpackBits(bytesOf(base64Of(packBits(question)))))];",
        glyph.tolist(),
        tmp_path,
    )
    assert answer[1] == glyph.tolist() and len(answer[0]) == -(-784 // 6)


def test_receptive_fields_are_the_pixels_that_move_a_unit(tmp_path):
    """Oracle: every pixel is changed in turn, and the unit in row 1, column 1 of each layer watched."""
    windows = javascript.run(source("draw.js") + source("views.js") + "return WINDOWS;", None, tmp_path)
    network = page_network("reading")
    parameters = {name: value.astype(float) for name, value in network.named_parameters.items()}
    plain = np.random.default_rng(7).uniform(-0.1, 1.175, (1, 32, 32))
    moved = plain + 0.5 * np.eye(1024).reshape(1024, 32, 32)
    states = [forward(parameters, network.codes.astype(float), x).x for x in (plain, moved)]
    for layer, (_, _, _, side, stride) in windows.items():
        at = min(1, states[0][layer].shape[2] - 1)
        before, after = (state[layer][:, :, at, at] for state in states)
        rows, columns = np.nonzero(np.abs(after - before).max(1).reshape(32, 32) > 1e-12)
        assert (rows.min(), columns.min()) == (at * stride, at * stride), layer
        assert (rows.max() + 1 - rows.min(), columns.max() + 1 - columns.min()) == (side, side), layer


def test_confidences_are_written_as_the_command_line_writes_them(tmp_path):
    confidences = [0, 0.0004, 0.0049, 0.3141, 0.973, 0.9949, 0.9951, 0.9994, 0.9996, 1 - 1e-12, 1]
    for places in (0, 1):
        written = javascript.run(
            f"return question.map((share) => percent(share, {places}));", confidences, tmp_path
        )
        assert written == [format_confidence(confidence, places) for confidence in confidences]


def test_a_number_is_believed_where_the_reader_would_believe_it(tmp_path):
    """Oracle: the rules of acceptance, by hand. Shares of the path, then confidences of its characters."""
    cases = [
        ("8", 0.99, [0.99], "8"),
        ("8", 0.99, [0.49], "?"),  # alone it must reach the weights' threshold
        ("8", 0.59, [0.99], "?"),  # other readings take too many paths
        ("407", 0.9, [0.9, 0.9, 0.9], "407"),
        ("407", 0.9, [0.99, 0.04, 0.99], "4?7"),  # almost certainly another, among good ones
        ("407", 0.9, [0.5, 0.5, 0.5], "???"),  # not the kind of writing that the network knows
        ("407", 0.2, [0.9, 0.9, 0.9], "???"),
        ("407", 0.4, [0.9, 0.5, 0.9], "4?7"),  # the rest together reaches a half
    ]
    question = [
        {
            "text": text,
            "confidence": share,
            "path": list(range(len(each))),
            "arcs": [{"confidence": c} for c in each],
        }
        for text, share, each, _ in cases
    ]
    body = "const network = loadNetwork(DATA.networks[0]); return question.map((line) => acceptedText(network, line));"
    assert javascript.run(body, question, tmp_path) == [shown for *_, shown in cases]
