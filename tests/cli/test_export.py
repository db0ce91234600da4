"""`lenet5 export`: one network, and calibration with what it reads."""

import numpy as np


def test_an_ensemble_is_refused_with_the_command_that_gives_one_network(call):
    status, _, said = call("export", "ensemble", "--to", "c")
    assert status == 2 and "--member 1" in said and "`reading`" in said


def test_a_model_of_letters_is_not_calibrated_with_digits(call, tmp_path):
    status, _, said = call("export", "letters", "--to", "c", "--int8")
    assert status == 2 and "name pictures of its characters with --calibration" in said
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 5:20, 13:15] = 255
    np.savez(tmp_path / "digits.npz", images=images, labels=np.arange(20) % 10)
    status, _, said = call("export", "letters", "--to", "c", "--int8", "--calibration", "digits.npz")
    assert status == 2 and "characters that this model does not read (0 1 2" in said
    np.savez(tmp_path / "letters.npz", images=images, labels=np.array([*"ABCD"] * 5))
    status, written, _ = call("export", "letters", "--to", "c", "--int8", "--calibration", "letters.npz")
    assert status == 0 and written.startswith("lenet5.h: ")
