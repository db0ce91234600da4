"""The model on the Hugging Face Hub, offline; without huggingface_hub a sentence."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lenet5.errors import ModelError
from lenet5.model.lenet5 import LeNet5

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)


def test_the_hub_offline(tmp_path, monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    net = twin.LeNet5.of(LeNet5("xyz", seed=3))
    remote = tmp_path / "remote"
    monkeypatch.setattr(
        hub.HfApi, "create_repo", lambda self, repo_id, **more: type("R", (), {"repo_id": repo_id})
    )
    monkeypatch.setattr(
        hub.HfApi, "upload_folder", lambda self, folder_path, **more: shutil.copytree(folder_path, remote)
    )
    net.push_to_hub("someone/letters")
    assert {file.name for file in remote.iterdir()} == {"model.safetensors", "config.json", "README.md"}
    assert json.loads((remote / "config.json").read_text())["classes"] == list("xyz")
    card = (remote / "README.md").read_text()
    assert 'from_pretrained("someone/letters")' in card and "library_name: lenet5" in card
    back = twin.LeNet5.from_pretrained(remote)
    assert back.classes == list("xyz") and torch.equal(back(torch.tensor(IMAGES)), net(torch.tensor(IMAGES)))
    assert LeNet5.load(remote / "model.safetensors").classes == list("xyz")
    (remote / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="save_pretrained"):
        twin.LeNet5.from_pretrained(remote)


def test_without_the_hub_the_rest_works_and_the_hub_names_the_extra():
    program = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from lenet5.torch import LeNet5\n"
        "from lenet5.errors import MissingExtraError\n"
        "for call in (LeNet5.from_pretrained, LeNet5().save_pretrained, LeNet5().push_to_hub):\n"
        "    try: call('x')\n"
        "    except MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.count("pip install 'lenet5-1998[torch]'") == 3, done.stderr
