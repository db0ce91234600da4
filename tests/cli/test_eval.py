"""`lenet5 eval`."""

from PIL import Image

from lenet5.model.lenet5 import LeNet5


def test_mistakes_are_drawn(call, blots):
    LeNet5(seed=3).save("untrained.safetensors")
    status, out, _ = call("eval", "untrained.safetensors", "--data", blots, "--mistakes", "wrong.png")
    assert status == 0 and "wrong.png" in out
    with Image.open("wrong.png") as sheet:
        assert sheet.format == "PNG" and sheet.size[0] > 500
