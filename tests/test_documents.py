"""The quick commands of every document run, and print what is shown below them; scripts/documents.py runs all."""

from __future__ import annotations

import pytest

import documents  # scripts/


@pytest.mark.parametrize("document", documents.DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_tells_to_type_works(document):
    faults = [f"{one.command.text}\n{one.fault}" for one in documents.run(document) if one.fault]
    assert not faults, "\n".join(faults)


def test_a_command_that_prints_something_else_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ lenet5 --version\nlenet5 9…\n$ lenet5 --version\nlenet5 0…\n```\n")
    wrong, right = documents.run(page)
    assert "printed:" in wrong.fault and not right.fault


def test_a_command_that_fails_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\nlenet5 summary --nonsense\nlenet5 read README.md\n```\n")
    assert all("exit status" in one.fault for one in documents.run(page))
