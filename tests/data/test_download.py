"""Downloads from mirrors that drop, stall, cut, refuse and lie: the file comes whole, or a sentence does."""

import gzip
import hashlib
import socket
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mirror as behave
from lenet5.data import download
from lenet5.data.download import fetch
from lenet5.errors import DownloadError
from mirror import Mirror

CONTENTS = np.random.default_rng(5).integers(0, 64, 400_000, np.uint8).tobytes()
PACKED = gzip.compress(CONTENTS, 6, mtime=0)  # some 300 kB: more than one GAIN
SHA = hashlib.sha256(CONTENTS).hexdigest()
NAME = "file.gz"


@pytest.fixture
def mirrors(monkeypatch):
    """Make mirrors with a behaviour for each request; they end with the test."""
    monkeypatch.setenv("no_proxy", "*")
    running = []

    def start(*behaviours, files=None):
        running.append(Mirror(files or {NAME: PACKED}, *behaviours))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def get(*mirrors, progress=None, timeout=5.0):
    addresses = [getattr(one, "address", one) for one in mirrors]
    return fetch(NAME, addresses, len(CONTENTS), SHA, progress, timeout=timeout, pause=0.001)


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def ranges(one):
    return [asked for _, asked in one.requests]


# --- what comes whole ----------------------------------------------------------------------------------


def test_a_good_mirror_is_asked_once(mirrors):
    one = mirrors()
    assert get(one) == (PACKED, CONTENTS)
    assert one.requests == [(NAME, None)]


def test_after_a_drop_only_the_rest_is_asked_for(mirrors):
    one = mirrors(behave.drop(100_000), behave.drop(70_000), behave.whole)
    assert get(one) == (PACKED, CONTENTS)
    assert ranges(one) == [None, "bytes=100000-", "bytes=170000-"]


def test_many_drops_do_not_tire_while_each_brings_something(mirrors):
    one = mirrors(behave.drop(download.GAIN))
    assert get(one)[1] == CONTENTS
    assert len(one.requests) == -(-len(PACKED) // download.GAIN) > download.FAILURES


def test_drops_that_bring_nothing_tire(mirrors):
    one = mirrors(behave.drop(10))
    with pytest.raises(DownloadError, match="ended after 40 bytes"):
        get(one)
    assert len(one.requests) == download.FAILURES


def test_a_mirror_that_ignores_range_begins_anew(mirrors):
    one = mirrors(behave.drop(100_000), behave.ignore_range)
    assert get(one) == (PACKED, CONTENTS)
    assert len(one.requests) == 2


def test_a_mirror_that_ignores_range_and_always_drops_is_left(mirrors):
    one, two = mirrors(behave.drop_and_ignore_range(100_000)), mirrors()
    assert get(one, two) == (PACKED, CONTENTS)
    assert len(one.requests) <= download.FAILURES + 1


def test_a_wrong_part_is_not_glued_on(mirrors):
    assert get(mirrors(behave.drop(100_000), behave.wrong_part, behave.whole)) == (PACKED, CONTENTS)


def test_a_file_that_changed_in_between_is_begun_anew(mirrors):
    def changed(handler, contents):  # a server that knows If-Range sends all of the new version
        assert handler.headers["If-Range"] == '"one"'
        behave.answer(handler, contents, ETag='"two"')

    one = mirrors(behave.drop(100_000), changed)
    assert get(one) == (PACKED, CONTENTS)


def test_damage_on_the_way_is_fetched_anew_and_from_the_beginning(mirrors):
    one = mirrors(behave.damage, behave.whole)
    assert get(one) == (PACKED, CONTENTS)
    assert ranges(one) == [None, None]


def test_a_stall_is_left_and_the_rest_asked_for(mirrors):
    one = mirrors(behave.stall(100_000), behave.whole)
    assert get(one, timeout=0.3) == (PACKED, CONTENTS)
    assert ranges(one) == [None, "bytes=100000-"]


@pytest.mark.parametrize("length", [10, len(PACKED) - 1, len(PACKED) + 1, 10 * len(PACKED)])
def test_lies_about_the_length_are_not_believed(mirrors, length):
    assert get(mirrors(behave.claim(length), behave.whole)) == (PACKED, CONTENTS)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_refusal_is_waited_for(mirrors, status):
    one = mirrors(behave.refuse(status), behave.whole)
    assert get(one) == (PACKED, CONTENTS) and len(one.requests) == 2


def test_a_redirect_is_followed(mirrors):
    two = mirrors()
    assert get(mirrors(behave.redirect(f"{two.address}/{NAME}")))[1] == CONTENTS


def test_a_broken_chunk_is_a_drop(mirrors):
    assert get(mirrors(behave.chunked_and_dropped, behave.whole))[1] == CONTENTS


# --- what does not: the next mirror --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "reason", "at_most"),
    [
        (behave.refuse(403), "it answered 403 Forbidden", 1),
        (behave.refuse(404), "it answered 404 Not Found", 1),
        (behave.refuse(500), "it answered 500 Internal Server Error", 4),
        (behave.cut(200_000), "it has no more than 200,000 bytes of the file", 4),
        (behave.damage, "not gzip, or damaged", 2),
        (behave.other(gzip.compress(CONTENTS[::-1], mtime=0)), "another checksum .SHA-256.", 2),
        (behave.other(gzip.compress(CONTENTS[:-1], mtime=0)), "another checksum .SHA-256.", 2),
        (behave.other(gzip.compress(CONTENTS + b"x", mtime=0)), "too much in it", 2),
        (behave.other(gzip.compress(bytes(1 << 26), mtime=0)), "too much in it", 2),
        (behave.other(b"<html>please log in</html>"), "is not gzip", 2),
        (behave.other(b""), "ended after 0 bytes", 4),
        (behave.wrong_part, "another part of the file", 2),
        (behave.flood, "it sends more than the file can have", 4),
        (behave.no_http, "the line broke", 4),
        (behave.silence, "nothing came for 0.2 seconds", 4),
        (behave.stall(100), "nothing came for 0.2 seconds", 4),
        (behave.drip, "it sends too slowly", 4),
    ],
)  # fmt: skip
def test_a_bad_mirror_is_left_for_the_next_and_named_if_there_is_none(mirrors, behaviour, reason, at_most):
    bad = mirrors(behaviour)
    slow = "0.2 seconds" in reason or "slowly" in reason
    timeout = 0.2 if slow else 10  # the others are never slow, but this machine may be
    assert get(bad, mirrors(), timeout=timeout) == (PACKED, CONTENTS)
    assert 1 <= len(bad.requests) <= at_most
    with pytest.raises(DownloadError, match=f"{NAME} could not be downloaded .{bad.address}: .*({reason})"):
        get(bad, timeout=timeout)


def test_mirrors_that_cannot_be_reached_are_named_with_their_reasons(mirrors):
    closed = closed_port()
    with pytest.raises(DownloadError) as raised:
        get(
            closed,
            "ftp://example.invalid",
            "http://bad port:x",
            "http://nowhere.invalid",
            mirrors(behave.refuse(403)),
        )
    sentence = str(raised.value)
    assert f"{closed}: it refuses connections;" in sentence
    assert "ftp://example.invalid: its address cannot be used" in sentence
    assert "http://bad port:x: its address cannot be used" in sentence
    assert "http://nowhere.invalid: its name is not known" in sentence
    assert "it answered 403" in sentence
    assert isinstance(raised.value, OSError) and "\n" not in sentence


def test_a_certificate_that_is_not_accepted_ends_it_at_once():
    import ssl

    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    with pytest.raises(download._Refused, match=r"certificate is not accepted \(self-signed certificate\)"):
        download._Transfer("https://x", NAME, 1, "", lambda *_: None, 1)._explain(error)


def test_parts_of_two_mirrors_are_never_mixed(mirrors):
    """Each packed the file itself: half of one and half of the other would be neither."""
    repacked = gzip.compress(CONTENTS, 1, mtime=0)
    one = mirrors(behave.drop(100_000), behave.refuse(404))
    two = mirrors(files={NAME: repacked})
    assert get(one, two) == (repacked, CONTENTS)
    assert ranges(two) == [None]


def test_without_any_mirror_it_is_a_sentence_too():
    with pytest.raises(DownloadError, match="no mirror is named"):
        get()


# --- while it goes on ----------------------------------------------------------------------------------


def test_progress_goes_to_the_caller_and_not_to_the_terminal(mirrors, capfd):
    told = []
    get(mirrors(behave.drop(100_000), behave.whole), progress=lambda *step: told.append(step))
    assert {name for name, _, _ in told} == {NAME}
    assert {total for _, _, total in told} == {len(PACKED)}
    counts = [done for _, done, _ in told]
    assert counts == sorted(counts) and 100_000 in counts and counts[-1] == len(PACKED)
    assert capfd.readouterr() == ("", "")


def test_the_length_is_unknown_where_none_is_told(mirrors):
    def without_length(handler, contents):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(contents)

    told = []
    get(mirrors(without_length), progress=lambda *step: told.append(step))
    assert told and {total for _, _, total in told} == {None}


def test_an_interruption_passes_through(mirrors):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(mirrors(), progress=interrupt)


def test_pauses_grow_and_are_bounded(mirrors, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(DownloadError):
        fetch(NAME, [mirrors(behave.refuse(503)).address], 1, "", pause=0.5)
    assert pauses == [0.5, 1.0, 2.0]


@given(
    st.lists(
        st.sampled_from(
            [
                behave.drop(0),
                behave.drop(1),
                behave.drop(150_000),
                behave.cut(1000),
                behave.damage,
                behave.ignore_range,
                behave.wrong_part,
                behave.claim(5),
                behave.claim(10**9),
                behave.refuse(500),
                behave.no_http,
                behave.chunked_and_dropped,
                behave.other(b""),
            ]
        ),
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_mirror_does_the_file_is_whole_or_there_is_a_sentence(mirrors, behaviours):
    one = mirrors(*behaviours, behave.whole)
    try:
        assert get(one) == (PACKED, CONTENTS)
    except DownloadError as error:
        assert one.address in str(error)
    assert len(one.requests) <= 20
