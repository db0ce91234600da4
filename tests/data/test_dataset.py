"""Data sets from folders, CSV, npz and IDX: the same patterns from each, and a sentence for each mistake."""

import gzip
import io
import string

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet5.data.dataset import Dataset, load, relabel
from lenet5.data.idx import write_idx
from lenet5.data.labels import ROWS, class_of
from lenet5.errors import DataError, InputError, LeNet5Error

COUNT = 24


@pytest.fixture
def images() -> np.ndarray:
    """Noise within a black frame, as a character lies within paper."""
    images = np.zeros((COUNT, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = np.random.default_rng(1).integers(0, 256, (COUNT, 20, 20))
    images[:, 10, 10] = 255
    return images


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(COUNT) % 10


def csv_of(images, labels, delimiter=",", header=False) -> str:
    lines = [
        delimiter.join([str(label), *map(str, image.ravel().tolist())])
        for image, label in zip(images, labels, strict=True)
    ]
    if header:
        lines.insert(0, delimiter.join(["label", *(f"pixel{i}" for i in range(784))]))
    return "\n".join(lines) + "\n"


def save_pictures(folder, images, characters) -> None:
    for i, (image, character) in enumerate(zip(images, characters, strict=True)):
        (folder / character).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / character / f"{i:03}.png")


def drawn(ink: int, paper: int, size=(120, 90)) -> np.ndarray:
    """A bar somewhere on paper, far larger than a field."""
    picture = np.full(size, paper, np.uint8)
    picture[20:100, 30:42] = ink
    return picture


# --- the same patterns, however they are kept ----------------------------------------------------------


def write_idx_pair(folder, images, labels):
    write_idx(folder / "my-images-idx3-ubyte.gz", images)
    write_idx(folder / "my-labels-idx1-ubyte", labels.astype(np.uint8))
    return folder / "my-images-idx3-ubyte.gz"


def write_npz(folder, images, labels, **more):
    np.savez(folder / "set.npz", images=images, labels=labels, **more)
    return folder / "set.npz"


def write_csv(folder, images, labels, **how):
    (folder / "set.csv").write_text(csv_of(images, labels, **how), encoding="utf-8")
    return folder / "set.csv"


def packed(path, suffix=".gz"):
    data = path.read_bytes()
    path.unlink()
    path = path.with_name(path.name + suffix)
    path.write_bytes(gzip.compress(data))
    return path


def label_last(path):
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(",".join([*line[1:], line[0]]) for line in lines), encoding="utf-8")
    return path


WRITERS = {
    "IDX": write_idx_pair,
    "IDX pair": lambda folder, *data: (write_idx_pair(folder, *data), folder / "my-labels-idx1-ubyte"),
    "IDX with a comma": lambda folder, *data: (
        f"{write_idx_pair(folder, *data)},{folder / 'my-labels-idx1-ubyte'}"
    ),
    "npz": write_npz,
    "npz, flat": lambda folder, images, labels: write_npz(folder, images.reshape(-1, 784), labels[:, None]),
    "npz, 0 to 1": lambda folder, images, labels: write_npz(folder, images[..., None] / 255, labels * 1.0),
    "npz, dark on light": lambda folder, images, labels: write_npz(folder, 255 - images, labels),
    "npz, characters": lambda folder, images, labels: write_npz(folder, images, labels.astype(str)),
    "npz, bytes": lambda folder, images, labels: write_npz(folder, images, labels.astype("S1")),
    "npz, one-hot": lambda folder, images, labels: write_npz(folder, images, np.eye(10)[labels]),
    "npz, one-hot of integers": lambda folder, images, labels: write_npz(
        folder, images, np.eye(10, dtype=int)[labels]
    ),
    "npz, int64": lambda folder, images, labels: write_npz(folder, images.astype(np.int64), labels),
    "npz, floats to 255": lambda folder, images, labels: write_npz(folder, images.astype(np.float32), labels),
    "IDX, flat": lambda folder, images, labels: write_idx_pair(folder, images.reshape(-1, 784), labels),
    "IDX, one-hot": lambda folder, images, labels: write_idx_pair(folder, images, np.eye(10)[labels]),
    "csv": write_csv,
    "csv, gzipped": lambda folder, *data: packed(write_csv(folder, *data, header=True)),
    "csv, gzipped, under the old name": lambda folder, *data: packed(write_csv(folder, *data), ""),
    "csv, label last": lambda folder, *data: label_last(write_csv(folder, *data, header=True)),
    "csv, names": lambda folder, *data: write_csv(folder, *data, header=True),
    "csv, semicolons": lambda folder, *data: write_csv(folder, *data, delimiter=";", header=True),
    "csv, tabs": lambda folder, *data: write_csv(folder, *data, delimiter="\t"),
    "csv, dark on light": lambda folder, images, labels: write_csv(folder, 255 - images, labels),
    "csv, 5.0 for 5": lambda folder, images, labels: write_csv(folder, images * 1.0, labels * 1.0),
    "csv, 0 to 1": lambda folder, images, labels: write_csv(folder, images / 255, labels, header=True),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_patterns_come_from_every_kind(tmp_path, images, labels, kind):
    data = load(WRITERS[kind](tmp_path, images, labels))
    assert (data.images == images).all() and data.images.dtype == np.uint8
    assert data.labels.tolist() == labels.tolist() and data.labels.dtype == np.int64
    assert data.classes == tuple("0123456789") and len(data) == COUNT


def test_a_folder_of_28_by_28_pictures_is_taken_as_it_is_and_either_way_round(tmp_path, images, labels):
    images[1::2] = 255 - images[1::2]
    save_pictures(tmp_path, images, labels.astype(str))
    data = load(tmp_path)
    order = np.argsort(labels, kind="stable")
    images[1::2] = 255 - images[1::2]
    assert (data.images == images[order]).all()
    assert data.labels.tolist() == sorted(labels.tolist()) and data.name == str(tmp_path)


def test_other_pictures_are_made_into_what_mnists_are(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "7").mkdir()
    Image.fromarray(drawn(0, 255)).save(tmp_path / "1" / "dark.png")
    Image.fromarray(drawn(255, 0)).save(tmp_path / "1" / "light.jpg")
    coloured = np.zeros((28, 28, 3), np.uint8)
    coloured[5:22, 12:16, 2] = 200  # blue ink of 28×28 is no grey picture
    Image.fromarray(coloured).save(tmp_path / "7" / "blue.png")
    data = load(tmp_path)
    assert data.classes == ("1", "7") and data.labels.tolist() == [0, 0, 1]
    for image in data.images:
        rows, columns = np.nonzero(image > 100)
        assert np.ptp(rows) + 1 == 20 and np.ptp(columns) < 8  # 20 high, its shape kept
        assert image[0].max() == image[:, 0].max() == 0 and image.max() > 200
        assert abs(np.average(rows) - 13.5) <= 1 and abs(np.average(columns) - 13.5) <= 1


def test_folders_may_be_nested_and_have_other_things_beside_the_pictures(tmp_path, images):
    save_pictures(tmp_path / "train", images[:4], "AABB")
    save_pictures(tmp_path / "train" / "A" / "writer 7", images[4:5], ["more"])
    save_pictures(tmp_path / "testing", images[5:6], "B")
    for name in ("train/A/notes.txt", "train/A/.DS_Store", "train/A/Thumbs.db", "train/README.md"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "train" / ".git").mkdir()
    (tmp_path / "train" / "__MACOSX").mkdir()
    assert load(tmp_path).labels.tolist() == [0, 0, 0, 1, 1]
    assert load(tmp_path, "test", classes="AB").labels.tolist() == [1]
    with pytest.raises(DataError, match="has no folder test beside train"):
        (tmp_path / "testing").rename(tmp_path / "other")
        load(tmp_path, "test")


def test_a_folder_of_idx_files_named_as_mnists_is_read_by_split(tmp_path, images, labels):
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", images[:20])
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", labels[:20].astype(np.uint8))
    write_idx(tmp_path / "t10k-images-idx3-ubyte", images[20:])
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", labels[20:].astype(np.uint8))
    assert len(load(tmp_path)) == 20 and (load(tmp_path, "test").images == images[20:]).all()


@pytest.mark.parametrize("names", ["file,label", "label;writer;filename"])
@pytest.mark.parametrize("folder", [".", "images"])
def test_a_list_of_pictures_beside_it_or_in_images(tmp_path, images, names, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    delimiter = ";" if ";" in names else ","
    lines = [names]
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / folder / f"p{i}.png")
        row = {"file": f"p{i}.png", "filename": f"p{i}.png", "label": "AB"[i % 2], "writer": "me"}
        lines.append(delimiter.join(row[name] for name in names.split(delimiter)))
    (tmp_path / "labels.csv").write_text("\ufeff" + "\n".join(lines) + "\n\n", encoding="utf-8")
    for spec in (tmp_path / "labels.csv", tmp_path):
        data = load(spec)
        assert (data.images == images).all() and data.classes == ("A", "B")
        assert data.labels.tolist() == [i % 2 for i in range(COUNT)]


def test_an_archive_of_both_splits_as_keras_has_it(tmp_path, images, labels):
    np.savez(
        tmp_path / "m.npz", x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:]
    )
    assert len(load(tmp_path / "m.npz")) == 20
    assert (load(tmp_path / "m.npz", "test").images == images[20:]).all()


# --- labels and classes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "classes"),
    [
        ([0, 1, 9], string.digits),
        ([0, 10, 25], string.ascii_uppercase),
        ([0, 35, 3], string.digits + string.ascii_uppercase),
        ([0, 46, 3], string.digits + string.ascii_uppercase + "abdefghnqrt"),
        ([0, 61, 3], string.digits + string.ascii_uppercase + string.ascii_lowercase),
    ],
)
def test_numbers_stand_for_the_shortest_row_that_holds_them(tmp_path, images, numbers, classes):
    for write in (write_npz, write_csv):
        data = load(write(tmp_path, images[:3], np.array(numbers)))
        assert "".join(data.classes) == classes and data.labels.tolist() == numbers
    assert len({len(row) for row in ROWS}) == len(ROWS)


def test_letters_numbered_from_1_are_emnists(tmp_path, images):
    data = load(write_npz(tmp_path, images[:3], np.array([1, 26, 3])))
    assert [data.classes[i] for i in data.labels] == ["A", "Z", "C"] and len(data.classes) == 26


def test_names_of_classes_come_from_the_archive_or_the_caller(tmp_path, images):
    for named in (np.array(["x", "y", "z"]), np.array("xyz"), np.array([b"x", b"y", b"z"])):
        path = write_npz(tmp_path, images[:3], np.array([2, 0, 1]), classes=named)
        assert load(path).classes == ("x", "y", "z")
        assert load(path, classes="+-*").classes == ("+", "-", "*")
        assert load(path).labels.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("folder", "character"),
    [
        ("7", "7"),
        ("a", "a"),
        ("+", "+"),
        ("_", "_"),
        ("upper_A", "A"),
        ("lower_a", "a"),
        ("upper_a", "A"),
        ("U+002F", "/"),
        ("u+007e", "~"),
        ("U+00E9", None),
        ("é", None),
        ("10", None),
        ("seven", "7"),
        ("Zero", "0"),
        ("Sample001", "0"),
        ("Sample008", "7"),
        ("Sample011", "A"),
        ("Sample062", "z"),
        ("Sample063", None),
        ("Sample000", None),
        ("ten", None),
        ("upper_7", None),
        ("U+0007", None),
    ],
)
def test_what_the_name_of_a_folder_stands_for(folder, character):
    assert class_of(folder) == character


def test_upper_and_lower_case_folders_are_two_classes_and_two_ways_of_writing_one_are_one(tmp_path, images):
    save_pictures(tmp_path, images[:4], ["upper_A", "lower_a", "A", "U+0061"])
    data = load(tmp_path)
    assert data.classes == ("A", "a") and np.bincount(data.labels).tolist() == [2, 2]


def test_labels_are_matched_to_a_network_by_name(images):
    data = Dataset(images[:3], [0, 1, 0], ["b", "a", "never seen"], "mine")
    assert relabel(data, "abc").tolist() == [1, 0, 1]
    with pytest.raises(DataError, match="mine has classes that the network does not know: b"):
        relabel(data, "ac")


def test_the_fingerprint_tells_data_sets_apart(images, labels):
    def fingerprint(**changed):
        parts = {"images": images, "labels": labels, "classes": "0123456789", "name": "x"} | changed
        return Dataset(**parts).fingerprint

    changed = images.copy()
    changed[5, 5, 5] ^= 1
    prints = {fingerprint(), fingerprint(images=changed), fingerprint(labels=labels[::-1])}
    prints |= {fingerprint(classes="9876543210"), fingerprint(images=images[::-1])}
    assert len(prints) == 5 and fingerprint(name="y") == fingerprint() == fingerprint(labels=labels.tolist())


# --- what is wrong, and where --------------------------------------------------------------------------


def fails(spec, sentence, **how):
    with pytest.raises(DataError, match=sentence) as raised:
        load(spec, **how)
    assert "\n" not in str(raised.value)


def test_what_is_no_data_set_is_told_what_one_is(tmp_path):
    fails("no-such-thing", "no data set 'no-such-thing': name mnist, a folder")
    fails(tmp_path / "none.csv", r"no data set '.*none\.csv'")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    fails(tmp_path / "model.safetensors", "no data set of a known kind")
    with pytest.raises(InputError, match="not 'validation'"):
        load("mnist", "validation")
    with pytest.raises(InputError, match="not 3 names"):
        load(("a", "b", "c"))


def test_folders_that_are_wrong(tmp_path, images):
    fails(tmp_path, "has no class folders")
    save_pictures(tmp_path, images[:2], "AA")
    fails(tmp_path, "two classes or more are needed, and .* has only 'A'")
    assert load(tmp_path, "test").classes == ("A",)  # enough to be tested with
    (tmp_path / "B").mkdir()
    fails(tmp_path, f"folder {tmp_path / 'B'} is empty")
    save_pictures(tmp_path, images[:1], "B")
    (tmp_path / "some").mkdir()
    fails(tmp_path, r"some names no class: call it by the character itself \(7, A\)")


def broken(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(drawn(0, 255)).save(out, "PNG")
    blank = io.BytesIO()
    Image.new("L", (60, 60), 255).save(blank, "PNG")
    return {
        "empty": b"",
        "text": b"this is no picture",
        "cut": out.getvalue()[: len(out.getvalue()) // 2],
        "blank": blank.getvalue(),
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "blank"])
def test_a_picture_that_cannot_be_read_is_named(tmp_path, images, kind):
    save_pictures(tmp_path, images[:4], "ABAB")
    (tmp_path / "B" / "bad one.png").write_bytes(broken(kind))
    fails(tmp_path, "bad one.png.*mend it, or take it out of the data set")


def test_lists_that_are_wrong(tmp_path, images):
    path = tmp_path / "list.csv"
    path.write_text("file,label\n")
    fails(path, "lists no pictures")
    path.write_text("file,label\na.png,\n")
    fails(path, "line 2 of .* lacks the file or the label")
    path.write_text("file,label\na.png\n")
    fails(path, "line 2 of .* lacks the file or the label")
    path.write_text("file,label\na.png,7\na.png,42\n")
    fails(path, "has the class '42'")  # and not that a.png is missing: labels are looked at first
    path.write_text("file,label\na.png,A\n")
    fails(path, "a.png: there is no such file; mend it")
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    path.write_text("file,label\na.png,A\na.png,12\n")
    fails(path, "has the class '12': a class must be one character")
    path.write_text('file,label\n"a.png,' + "A" * 200_000)
    fails(path, "not valid CSV")


def test_tables_that_are_wrong(tmp_path, images, labels):
    path = tmp_path / "table.csv"
    lines = csv_of(images, labels).splitlines()
    for text, sentence in [
        ("", "is empty"),
        ("\n\n", "is empty, or begins with an empty line"),
        ("just some words\n", "has no patterns"),
        ("label," + ",".join("p" * 784) + "\n", "has no patterns"),
        (",".join("p" * 784) + ",label\n", "has no patterns"),
        ("1,2,3\n", r"line 1 of .* has 2 values beside its label, where 784 \(28×28\)"),
        ("\n".join([*lines[:3], lines[3] + ",5"]), "line 4 of .* has 785 values"),
        ("\n".join([lines[0], "", lines[1].rsplit(",", 1)[0]]), "line 3 of .* has 783 values"),
        ("\n".join([*lines[:6], lines[6] + "x"]), "line 7, column 785 of .* is '0x' and not a number"),
        ("\n".join(["label" + ",p" * 784, lines[0], lines[1] + "x"]), "line 3, column 785 of "),
        ("\n".join([lines[0], "5," + "," * 783]), "line 2, column 2 of .* is '' and not a number"),
        ("\n".join([lines[0], "5" + ",nan" * 784]), "no numbers .NaN., first in pattern 1"),
        ("\n".join([lines[0], "5" + ",256" * 784]), "run from 0 to 256"),
        ("\n".join([lines[0], lines[1].replace("1,", ",", 1)]), "the class ''"),
        ("\n".join([lines[0], lines[1].replace("1,", "-1,", 1)]), "labels of .* run from -1 to 0"),
        ("\n".join([lines[0], lines[1].replace("1,", "62,", 1)]), "run from 0 to 62"),
        ("\n".join([lines[0], lines[1].replace("1,", "1.5,", 1)]), "the class '1.5'"),
        ("\n".join([lines[0], lines[1].replace("1,", "é,", 1)]), "the class 'é'.*printable ASCII"),
    ]:
        path.write_text(text, encoding="utf-8")
        fails(path, sentence)
    path.write_bytes(b"\xff\xfe\x00label")
    fails(path, "is not text in UTF-8")
    path.unlink()
    path.mkdir()
    fails(path, "has no class folders")


def test_labels_are_last_where_the_first_column_never_changes_and_this_is_said(tmp_path, images, labels):
    path = label_last(write_csv(tmp_path, images, labels))
    with pytest.warns(UserWarning, match=r"set\.csv is taken to have its labels in the last column"):
        data = load(path)
    assert (data.images == images).all() and data.labels.tolist() == labels.tolist()


def test_a_gzipped_table_that_is_damaged_is_a_sentence(tmp_path, images, labels):
    path = packed(write_csv(tmp_path, images, labels))
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    fails(path, "is cut off: its gzip stream has no end")
    path.write_bytes(whole[:40] + b"\xff" * 40 + whole[80:])
    fails(path, "damaged|not text|not a number|has .* values")
    path.write_bytes(gzip.compress(b"1," + b"0" * (3 << 20)))
    fails(path, "more than 1,048,576 characters")


@pytest.mark.parametrize("named", [False, True])
def test_labels_from_1_to_26_are_letters(tmp_path, named):
    images = np.random.default_rng(0).integers(0, 256, (26, 28, 28)).astype(np.uint8)
    images[:, [0, -1]] = images[:, :, [0, -1]] = 0
    more = {"classes": np.array(list("abcdefghijklmnopqrstuvwxyz"))} if named else {}
    data = load(write_npz(tmp_path, images, np.arange(1, 27), **more))
    assert "".join(data.classes[i] for i in data.labels) == (
        "abcdefghijklmnopqrstuvwxyz" if named else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    )


def test_transposed_patterns_are_found_put_right_and_named(tmp_path, mnist_test):
    images, labels = mnist_test[0][:200], mnist_test[1][:200]
    path = write_npz(tmp_path, images.swapaxes(1, 2), labels)
    with pytest.warns(UserWarning, match="are transposed .* --no-transpose"):
        assert (load(path).images == images).all()
    assert (load(path, transpose=False).images == images.swapaxes(1, 2)).all()
    assert (load(path, transpose=True).images == images).all()
    assert (load(write_npz(tmp_path, images, labels)).images == images).all()  # and no warning


def test_transposed_letters_are_found_too(tmp_path, letters):
    with np.load(letters / "letters-test.npz") as archive:
        images, labels = archive["images"][:150], archive["labels"][:150]
    with pytest.warns(UserWarning, match="are transposed"):
        load(write_npz(tmp_path, images.swapaxes(1, 2), labels), "test")


def test_archives_that_are_wrong(tmp_path, images, labels):
    path = tmp_path / "set.npz"
    good = {"images": images, "labels": labels}
    for arrays, sentence in [
        ({"pictures": images, "labels": labels}, "has no images: .* called images, x .* it has pictures"),
        ({"images": images}, "has no labels"),
        (good | {"labels": labels[:-1]}, "24 images but 23 labels"),
        (good | {"labels": np.array(3)}, "24 images but 1 labels"),
        ({"images": images[:0], "labels": labels[:0]}, "no patterns"),
        (good | {"labels": 2 * np.eye(COUNT)}, "24 columns, but are not one-hot"),
        (good | {"labels": np.zeros((COUNT, 10), int)}, "10 columns, but are not one-hot"),
        (good | {"labels": np.eye(99)[:COUNT]}, "99 columns, more than"),
        (good | {"labels": labels.reshape(2, 3, 4)[:, None].repeat(12, 1).reshape(24, 3, 4)}, r"shape \(24, 3, 4\)"),
        (good | {"labels": labels + 0.5}, "not whole numbers"),
        (good | {"labels": np.where(labels, np.nan, 0)}, "not whole numbers"),
        (good | {"labels": labels - 1}, "run from -1 to 8"),
        (good | {"labels": labels * 10}, "run from 0 to 90: needed are classes with names"),
        (good | {"classes": np.array(list("abc"))}, "to 9: needed are from 0 to 2"),
        (good | {"classes": np.array(["ab", "c"])}, "the class 'ab'"),
        (good | {"classes": np.array(list("abab"))}, "names a class twice: abab"),
        (good | {"classes": np.arange(10)}, "classes of .* are of type int64"),
        (good | {"classes": np.array([b"\xe9", b"a"])}, "not all ASCII"),
        (good | {"labels": np.array(list("ab") * 12), "classes": np.array(["b"])}, "label 'a', .* none of"),
        (good | {"labels": labels * 0 + 7}, "has only '7'"),
        (good | {"images": images.astype(object)}, "holds Python objects, which are never loaded"),
    ]:  # fmt: skip
        np.savez(path, **arrays)
        fails(path, sentence)
    path.write_bytes(b"PK no zip")
    fails(path, "is not an .npz archive")
    np.save(tmp_path / "bare.npy", images)
    (tmp_path / "bare.npy").rename(path)
    fails(path, "is not an .npz archive")


def test_idx_files_that_are_wrong(tmp_path, images, labels):
    path = write_idx_pair(tmp_path, images, labels)
    (tmp_path / "my-labels-idx1-ubyte").rename(tmp_path / "other")
    fails(path, "labels of .* are not beside it as my-labels-idx1-ubyte.gz: name both files, with a comma")
    fails((path, path), "3 dimensions where 1 are needed")
    fails((tmp_path / "other", path), "1 dimensions where 3 are needed")
    fails(f"{path},{tmp_path / 'nowhere'}", "nowhere: there is no such file")
    write_idx(tmp_path / "few.idx", labels[:5].astype(np.uint8))
    fails((path, tmp_path / "few.idx"), "24 images but 5 labels")
    write_idx(tmp_path / "digits.idx", images)
    fails(tmp_path / "digits.idx", "not beside it: name both files")


@given(data=st.data(), kind=st.sampled_from(["npz", "csv", "IDX", "csv, names"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_a_sentence_or_a_whole_data_set(tmp_path, images, labels, data, kind):
    path = WRITERS[kind](tmp_path, images[:4], labels[:4])
    contents = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        contents = contents[: data.draw(st.integers(0, len(contents)))]
    for _ in range(data.draw(st.integers(0, 3)) if contents else 0):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(contents)
    try:
        found = load(path)
    except LeNet5Error as error:
        assert isinstance(error, DataError) and str(tmp_path) in str(error)
    else:
        assert len(found.images) == len(found.labels) <= 4 and found.images.shape[1:] == (28, 28)


# --- real handwriting ----------------------------------------------------------------------------------


def test_mnist_by_name(mnist_train, mnist_test):
    training, test = load("mnist"), load("mnist", "test")
    assert (training.images == mnist_train[0]).all() and (training.labels == mnist_train[1]).all()
    assert len(test) == 10_000 and test.classes == tuple(string.digits)
    assert (training.name, test.name) == ("mnist train", "mnist test")


def test_the_letters_are_a_to_z(letters):
    data = load(letters / "letters-test.npz", "test")
    assert "".join(data.classes) == string.ascii_uppercase and len(data) == 10_400
    assert np.bincount(data.labels).tolist() == [400] * 26
    assert np.median(data.images[:, 0]) == 0  # light on dark already: not turned round


def test_a_folder_of_other_peoples_characters(own_characters):
    data = load(own_characters)
    assert len(data) >= 100 and set(string.digits) <= set(data.classes)
    mass = data.images.reshape(len(data), -1).mean(1) / 255
    assert ((mass > 0.01) & (mass < 0.5)).all()  # ink, and mostly paper: each the right way round
