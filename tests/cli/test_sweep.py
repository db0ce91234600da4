"""`lenet5 sweep`: a line a training, a table of means, kept and gone on with."""

import json


def test_a_sweep_prints_a_table_and_goes_on_from_what_is_kept(call, npz):
    arguments = ("sweep", "--data", npz, "--test-data", npz, "--passes", 1, "--seeds", 2, "--workers", 1)
    status, out, _ = call(*arguments)
    assert status == 0 and out.count("test error") == 3 and "±" in out and "kept" not in out
    status, out, _ = call(*arguments, "--json")
    data = json.loads(out)
    assert [run["seed"] for run in data["runs"]] == [0, 1] and data["table"][0]["seeds"] == 2
    _, out, _ = call(*arguments)
    assert out.count("kept") == 2


def test_wrong_use_is_a_sentence(call, npz):
    assert call("sweep", "--recipe", "nonsense")[0] == 2
    assert call("sweep", "--data", npz, "--ray", "local", "--workers", 2)[0] == 2
    status, _, error = call("sweep", "--data", npz, "--test-data", npz, "--set", "nonsense=1")
    assert status == 1 and "nonsense" in error
