"""`lenet5 calibrate`, and `lenet5 eval` with the thresholds that it finds."""

import json

import numpy as np

from lenet5.model.lenet5 import LeNet5


def test_calibrating_writes_the_constants_and_nothing_else(call, blots, npz, monkeypatch):
    call("train", "--data", npz, "--passes", 4, "--out", "my.safetensors")
    before = LeNet5.load("my.safetensors")
    arguments = ["calibrate", "my.safetensors", "--data", blots, "--noncharacters", 20]
    status, out, err = call(*arguments, "--out", "other.safetensors", "--json")
    data = json.loads(out)
    assert status == 0 and data["patterns"] == 400
    assert ("takes most non-characters for characters" in err) == (data["data"]["noncharacters"] == 0)
    assert "confidence" not in LeNet5.load("my.safetensors").metadata
    status, out, _ = call(*arguments)
    assert status == 0 and "expected calibration error" in out and "my.safetensors" in out.splitlines()[-1]
    after = LeNet5.load("my.safetensors")
    assert np.array_equal(after.parameters, before.parameters)
    assert after.metadata == before.metadata | {"confidence": after.confidence.to_dict()}
    assert after.confidence.scale == data["scale"] != before.metadata["scale"]
    monkeypatch.setattr("lenet5.cli.eval.COUNT", 30)  # some 10 ms each
    status, out, _ = call("eval", "my.safetensors", "--data", blots, "--max-error", "5%", "--noncharacters")
    threshold = f"{after.threshold_for(0.05):.2%}"
    assert status == 0 and f"threshold for an error of 5.00%: {threshold}: rejected" in out
    assert " of 30, " in out and " as calibrated" in out
    status, out, _ = call("eval", "my.safetensors", "--data", blots, "--json")
    assert status == 0 and json.loads(out)["threshold"] == after.threshold_for()
    status, _, err = call("eval", "my.safetensors", "--data", blots, "--max-error", "0.001%")
    assert status == 1 and "cannot be promised" in err
    status, _, err = call("calibrate", "my.safetensors", "--data", npz)
    assert status == 1 and "was trained on all of" in err and err.count("\n") == 1
