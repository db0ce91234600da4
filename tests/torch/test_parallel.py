"""Several processes train one network as one process does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lenet5 import cli
from lenet5.data import dataset
from lenet5.model.lenet5 import LeNet5
from lenet5.training import loop
from lenet5.training.recipes import FAST

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)


@pytest.fixture(scope="module")
def patterns(tmp_path_factory) -> Path:
    """A small data set: noise around ten pictures."""
    where = tmp_path_factory.mktemp("data") / "few.npz"
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 10
    pictures = rng.integers(0, 256, (10, 7, 7)).repeat(4, 1).repeat(4, 2)
    noise = rng.integers(-40, 40, (90, 28, 28))
    np.savez(where, images=np.clip(pictures[labels] + noise, 0, 255).astype(np.uint8), labels=labels)
    return where


def two_processes(*arguments) -> subprocess.CompletedProcess:
    """`torchrun --nproc_per_node=2 -m lenet5 train --device cpu …`"""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "lenet5", "train", "--device", "cpu", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip


def test_two_processes_train_as_one_does(patterns, tmp_path):
    alone, both, again = (tmp_path / f"{name}.safetensors" for name in ("alone", "both", "again"))
    common = ("--data", patterns, "--passes", 2, "--seed", 3)
    one = CliRunner().invoke(cli.group, ["train", "--device", "cpu", *map(str, common), "--out", str(alone)])
    assert one.exit_code == 0, one.output
    two = two_processes(*common, "--out", both)
    assert two.returncode == 0, two.stderr
    expected, found = LeNet5.load(alone), LeNet5.load(both)
    assert np.abs(found.parameters - expected.parameters).max() < 1e-5
    assert (
        np.abs(
            expected.parameters
            - LeNet5(seed=3, spread=FAST.initialisation.spread, power=FAST.initialisation.power).parameters
        ).max()
        > 1e-2
    )
    assert found.metadata["figures"] == expected.metadata["figures"]
    assert two.stdout.count("pass 1/2") == two.stdout.count("pass 2/2") == 1  # one of them speaks
    assert sorted(file.name for file in tmp_path.iterdir() if "both" in file.name) == [
        "both.log.jsonl", "both.safetensors",
    ]  # fmt: skip

    # Interrupted after a pass, two processes go on to the same result, from the first one's checkpoint.
    def stop(report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(
            dataset.load(str(patterns)), FAST.with_passes(2), seed=3, out=again,
            callbacks=loop.Callbacks(each_pass=stop), trainer=twin.trainer("cpu"), command="lenet5 train",
        )  # fmt: skip
    resumed = two_processes(*common, "--out", again, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "pass 1/2" not in resumed.stdout
    assert np.abs(LeNet5.load(again).parameters - expected.parameters).max() < 1e-5
