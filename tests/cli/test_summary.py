"""`lenet5 summary`."""

import json


def test_summary_has_the_papers_totals(call):
    status, out, _ = call("summary")
    assert status == 0 and "60,000" in out and "340,908" in out
    data = json.loads(call("summary", "--json")[1])
    assert data
