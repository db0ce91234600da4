"""MNIST: where it is looked for, what is believed, what is kept, and who wrote it."""

import gzip
import hashlib
import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

import mirror as behave
from lenet5.data import mnist as module
from lenet5.data.idx import write_idx
from lenet5.data.mnist import FILES, MIRRORS, File, load_mnist, writers
from lenet5.errors import DataError, DownloadError, InputError
from mirror import Mirror

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def raw(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def small(monkeypatch):
    """A little MNIST in the place of the real one: name -> packed bytes."""
    random = np.random.default_rng(0)
    packed, table = {}, {}
    for split, prefix, count in (("train", "train", 90), ("test", "t10k", 30)):
        entries = []
        for kind, shape, top in (("images-idx3", (count, 28, 28), 256), ("labels-idx1", (count,), 10)):
            name = f"{prefix}-{kind}-ubyte"
            contents = raw(random.integers(0, top, shape, np.uint8))
            packed[f"{name}.gz"] = gzip.compress(contents, mtime=0)
            entries.append(File(name, shape, hashlib.sha256(contents).hexdigest()))
        table[split] = tuple(entries)
    monkeypatch.setattr(module, "FILES", table)
    return packed


@pytest.fixture
def home(monkeypatch, tmp_path):
    """No data anywhere, an empty cache, and no way out of this machine."""
    monkeypatch.delenv("LENET5_DATA", raising=False)
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET5_MIRRORS", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return tmp_path


@pytest.fixture
def mirror(monkeypatch, small):
    """Start a mirror of the little MNIST, which is then the one to be asked."""
    running = []

    def start(*behaviours):
        running.append(Mirror(small, *behaviours))
        monkeypatch.setenv("LENET5_MIRRORS", " ".join(one.address for one in running))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def put(folder: Path, packed: dict[str, bytes], unpack: bool = False, dotted: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, contents in packed.items():
        name = name.replace("-idx", ".idx") if dotted else name
        path = folder / (name.removesuffix(".gz") if unpack else name)
        path.write_bytes(gzip.decompress(contents) if unpack else contents)


def labels_in(packed: dict[str, bytes]) -> list[int]:
    return list(gzip.decompress(packed[f"{LABELS}.gz"])[8:])


# --- where it is looked for ----------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["mnist", ".", "MNIST/raw"])
@pytest.mark.parametrize("place", ["root", "LENET5_DATA", "cache"])
@pytest.mark.parametrize(("unpack", "dotted"), [(False, False), (True, False), (True, True)])
def test_files_are_found(home, small, monkeypatch, inside, place, unpack, dotted):
    put(home / place / inside, small, unpack, dotted)
    if place == "LENET5_DATA":
        monkeypatch.setenv("LENET5_DATA", str(home / place))
    root = home / "root" if place == "root" else None
    images, labels = load_mnist("train", root, download=False)
    assert images.shape == (90, 28, 28) and images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == labels_in(small)
    assert raw(images) == gzip.decompress(small[f"{IMAGES}.gz"])
    assert load_mnist("test", root, download=False)[0].shape == (30, 28, 28)


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("LENET5_CACHE", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    assert module.cache() == tmp_path / "lenet5" / "mnist"


def test_missing_files_are_a_sentence_with_the_places_and_the_way_out(home, small, monkeypatch):
    monkeypatch.setenv("LENET5_DATA", str(home / "data"))
    with pytest.raises(DataError) as raised:
        load_mnist(download=False)
    sentence = str(raised.value)
    for place in (home / "data" / "mnist", home / "data" / "MNIST" / "raw", home / "cache"):
        assert str(place) in sentence
    assert f"put {IMAGES}.gz into" in sentence and "LENET5_DATA" in sentence


def test_another_split_is_a_sentence(home):
    for call in (load_mnist, writers):
        with pytest.raises(InputError, match="train and test, not 'validation'"):
            call("validation")


# --- what is believed ----------------------------------------------------------------------------------


def test_a_file_that_is_not_the_original_is_named(home, small):
    array = np.zeros((90, 28, 28), np.uint8)
    write_idx(home / f"{IMAGES}.gz", array)
    with pytest.raises(DataError, match=f"{IMAGES}.gz is not the original"):
        load_mnist(root=home)


def test_a_cut_file_is_named_and_not_replaced_behind_its_owner(home, small, mirror):
    mirror()
    path = home / f"{IMAGES}.gz"
    path.write_bytes(small[path.name][:-20])
    with pytest.raises(DataError, match=f"{IMAGES}.gz is cut off"):
        load_mnist(root=home)
    assert path.read_bytes() == small[path.name][:-20]


def test_a_damaged_file_in_the_cache_is_fetched_again(home, small, mirror):
    one = mirror()
    put(home / "cache" / "mnist", small)
    path = home / "cache" / "mnist" / f"{IMAGES}.gz"
    path.write_bytes(small[path.name][:-20])
    assert load_mnist()[1].tolist() == labels_in(small)
    assert path.read_bytes() == small[path.name]
    assert one.requests == [(path.name, None)]
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        load_mnist(download=False)


# --- fetching ------------------------------------------------------------------------------------------


def test_there_are_three_public_mirrors_or_more_all_over_https():
    assert len(set(MIRRORS)) >= 3 and all(mirror.startswith("https://") for mirror in MIRRORS)
    assert len({mirror.split("/")[2] for mirror in MIRRORS}) == len(MIRRORS)


def test_what_is_missing_is_fetched_once_and_kept(home, small, mirror):
    one = mirror()
    told = []
    images, labels = load_mnist("train", progress=lambda *step: told.append(step))
    assert labels.tolist() == labels_in(small) and len(images) == 90
    assert [name for name, _ in one.requests] == [f"{IMAGES}.gz", f"{LABELS}.gz"]
    assert told[-1] == (f"{LABELS}.gz", len(small[f"{LABELS}.gz"]), len(small[f"{LABELS}.gz"]))
    folder = home / "cache" / "mnist"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: small[name] for name in (f"{IMAGES}.gz", f"{LABELS}.gz")
    }
    assert (load_mnist("train")[0] == images).all() and len(one.requests) == 2


def test_the_second_mirror_serves_where_the_first_refuses(home, small, mirror):
    bad, good = mirror(behave.refuse(403)), mirror()
    assert load_mnist()[1].tolist() == labels_in(small)
    assert len(bad.requests) == len(good.requests) == 2


def test_no_mirror_is_a_sentence_with_reasons_and_the_way_by_hand(home, small, mirror):
    bad, worse = mirror(behave.refuse(404)), mirror(behave.damage)
    with pytest.raises(DownloadError) as raised:
        load_mnist()
    sentence = str(raised.value)
    assert f"{bad.address}: it answered 404" in sentence and f"{worse.address}: what it sent" in sentence
    assert f"put {IMAGES}.gz into {home / 'cache' / 'mnist'}" in sentence
    assert not (home / "cache").exists()


def test_nothing_is_asked_for_where_downloads_are_not_wanted(home, mirror):
    one = mirror()
    with pytest.raises(DataError):
        load_mnist(download=False)
    assert one.requests == []


def test_a_cache_that_cannot_be_written_is_a_warning_and_the_data_come(home, small, mirror):
    mirror()
    (home / "cache").write_bytes(b"a file where a folder should be")
    with pytest.warns(UserWarning, match="fetched again the next time.*cache"):
        assert load_mnist()[1].tolist() == labels_in(small)


def test_a_file_that_cannot_be_kept_is_a_warning_and_the_data_come(home, small, mirror):
    mirror()
    (home / "cache" / "mnist" / f"{IMAGES}.gz").mkdir(parents=True)
    with pytest.warns(UserWarning, match=f"fetched again the next time.*{IMAGES}.gz: it is a folder"):
        assert load_mnist()[1].tolist() == labels_in(small)


def test_an_interruption_leaves_nothing_half_done(home, mirror):
    mirror()

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_mnist(progress=interrupt)
    assert not (home / "cache").exists()


def _fetch_in_a_process(table, barrier, answers):
    module.FILES = {
        split: tuple(File(name, tuple(shape), sha) for name, shape, sha in files)
        for split, files in json.loads(table).items()
    }
    barrier.wait(30)
    answers.put(load_mnist()[1].tolist())


def test_processes_that_fetch_at_the_same_time_do_not_disturb_one_another(home, small, mirror):
    mirror(behave.drop(20_000), behave.whole)
    table = json.dumps(
        {split: [(f.name, f.shape, f.sha256) for f in files] for split, files in module.FILES.items()}
    )
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=_fetch_in_a_process, args=(table, barrier, answers)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
    assert found == [labels_in(small)] * 3
    left = {path.name: path.read_bytes() for path in (home / "cache" / "mnist").iterdir()}
    assert left == {name: small[name] for name in (f"{IMAGES}.gz", f"{LABELS}.gz")}  # no temporary file


# --- writers -------------------------------------------------------------------------------------------


def test_writers_come_from_beside_the_files_or_not_at_all(home, small):
    assert writers("train") is None
    (home / "cache" / "mnist").mkdir(parents=True)
    names = np.arange(90, dtype=np.int16)
    np.savez(home / "cache" / "mnist" / "writers.npz", train_writer=names, test_writer=names[:29])
    found = writers("train")
    assert found.tolist() == names.tolist() and found.dtype == np.int64
    with pytest.raises(DataError, match=r"writers\.npz has no array test_writer with .* each of 30"):
        writers("test")


@pytest.mark.parametrize("contents", [b"", b"text", b"PK\3\4 and nothing more"])
def test_a_damaged_list_of_writers_is_named(home, small, contents):
    (home / "writers.npz").write_bytes(contents)
    with pytest.raises(DataError, match=r"writers\.npz"):
        writers("train", home)


# --- the real thing ------------------------------------------------------------------------------------


def test_the_table_has_the_sizes_and_magic_numbers_of_the_original():
    assert {file.name: file.size for pair in FILES.values() for file in pair} == {
        "train-images-idx3-ubyte": 47_040_016,
        "train-labels-idx1-ubyte": 60_008,
        "t10k-images-idx3-ubyte": 7_840_016,
        "t10k-labels-idx1-ubyte": 10_008,
    }
    assert [int.from_bytes(file.head[:4], "big") for file in FILES["train"]] == [2051, 2049]


def test_mnist_is_what_it_is_known_to_be(mnist_train, mnist_test):
    images, labels = mnist_train
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert round(images.mean() / 255, 4) == 0.1307
    assert np.bincount(mnist_test[1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_writers_of_the_real_files_are_539_and_297_and_none_shared(mnist_train, mnist_test):
    train, test = writers("train"), writers("test")
    if train is None or test is None:
        pytest.skip("writers.npz is not beside MNIST's files")
    assert len(set(train.tolist())) == 539 and len(set(test.tolist())) == 297
    assert not set(train.tolist()) & set(test.tolist())


def test_the_real_files_come_through_a_mirror_that_drops(mnist_test, monkeypatch, tmp_path):
    folder = Path(os.environ["LENET5_DATA"]) / "mnist"
    packed = {path.name: path.read_bytes() for path in folder.glob("t10k-*.gz")}
    if len(packed) < 2:
        pytest.skip("MNIST's files are not packed here")
    one = Mirror(packed, behave.drop(500_000), behave.drop(500_000), behave.whole)
    monkeypatch.delenv("LENET5_DATA")
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path))
    monkeypatch.setenv("LENET5_MIRRORS", one.address)
    monkeypatch.setenv("no_proxy", "*")
    try:
        images, labels = load_mnist("test")
    finally:
        one.stop()
    assert (images == mnist_test[0]).all() and (labels == mnist_test[1]).all()
    assert [asked for _, asked in one.requests] == [None, "bytes=500000-", "bytes=1000000-", None]
