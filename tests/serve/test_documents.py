"""The document on the service: its examples are run, and its limits are those of the settings."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lenet5.serve.settings import SETTINGS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def run(command: list[str], served) -> str:
    """What a program of the document prints, its address that of the service of the tests."""
    command = [part.replace("127.0.0.1:8000", served.address.removeprefix("http://")) for part in command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_reads_the_seven(served):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    command = blocks("bash")[0]
    assert '"text":"7"' in run(["sh", "-c", command], served)


@pytest.mark.parametrize(("number", "printed"), [(0, "7\n"), (1, "(256,)\n")])
def test_python_prints_what_it_should(served, number, printed):
    if number:
        pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    assert run([sys.executable, "-c", blocks("python")[number]], served) == printed


def test_node_reads_the_seven(served):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    assert run(["node", "--input-type=module", "-e", blocks("javascript")[0]], served) == "7\n"


def test_go_reads_the_seven(served, tmp_path):
    if not shutil.which("go"):
        pytest.skip("Go is not installed")
    program = tmp_path / "read.go"
    head = 'package main\n\nimport (\n"io"\n"log"\n"net/http"\n"os"\n)\n\nfunc main() {\n'
    address = served.address.removeprefix("http://")
    program.write_text(head + blocks("go")[0].replace("127.0.0.1:8000", address) + "}\n")
    assert '"text":"7"' in run(["go", "run", str(program)], served)


def test_limits_in_the_document_are_those_of_the_settings():
    mib = 1 << 20
    s = SETTINGS
    for row in (
        f"| body; JSON | {s.body_bytes // mib} MiB; {s.json_bytes // mib} MiB |",
        f"| {s.pixels // 10**6} million; {s.pages}; {s.pictures} |",
        f"| images a request | {s.images:,} |",
        f"| {s.picture_seconds:g} s; {s.worker_bytes >> 30} GiB |",
        f"| {s.queued_images:,}; {s.queued_pictures}; {s.queue_seconds:g} |",
        f"| {s.held_bytes // mib} MiB; {s.connections:,} |",
        f"| {s.header_bytes >> 10} KiB; {s.header_seconds:g} s; {s.body_seconds:g} s |",
    ):
        assert row in TEXT, row


def test_options_of_the_command_are_in_the_document():
    from lenet5.cli.serve import serve_command

    known = {option for parameter in serve_command.params for option in parameter.opts}
    assert set(re.findall(r"(?<![\w-])--(?:allow|token|label|quiet|host|weights)[a-z-]*", TEXT)) <= known


def test_the_container_runs_as_an_ordinary_user_and_looks_after_itself():
    text = (ROOT / "container" / "Containerfile").read_text(encoding="utf-8")
    assert (
        re.search(r"^USER (?!0|root)\w+", text, re.M)
        and "HEALTHCHECK" in text
        and "STOPSIGNAL SIGTERM" in text
    )
