"""What `lenet5 summary` prints."""

from __future__ import annotations

import json

import pytest

from lenet5.errors import InputError
from lenet5.network import summary


def test_the_table_has_the_papers_totals_and_says_where_the_article_differs():
    text = summary.format_table()
    total = next(line for line in text.splitlines() if line.startswith("total"))
    assert total.split()[1:3] == ["60,000", "340,908"]
    assert "345,308" in text
    assert "about 401,000" in text


def test_table_i_and_the_codes_are_drawn():
    lines = summary.format_table("0A").splitlines()
    assert " 5   .  .  .  X  X  X  .  .  X  X  X  X  .  X  X  X" in lines
    assert "..###..  ##...##" in lines[-8:]


def test_data_is_json_and_counts_as_the_table():
    data = json.loads(json.dumps(summary.to_dict("0123456789")))
    assert data["totals"] == {"parameters": 60_000, "connections": 340_908, "multiply_adds": 328_096}
    assert data["layers"][3]["reads"][15] == [0, 1, 2, 3, 4, 5]
    assert len(data["codes"]["7"]) == 84


@pytest.mark.parametrize("show", [summary.format_table, summary.to_dict])
def test_no_network_is_shown_that_there_cannot_be(show):
    for classes in ("a", "aa"):
        with pytest.raises(InputError, match="two or more, each named once"):
            show(classes)
