"""Without PyTorch a sentence names the extra; the document's example runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")


DOCS = Path(__file__).parents[2] / "docs"


def test_without_pytorch_the_sentence_names_the_extra():
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from lenet5.errors import MissingExtraError\n"
        "try:\n    import lenet5.torch\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "pip install 'lenet5-1998[torch]'" in done.stdout, done.stderr
    program = (
        "import sys; sys.modules['torch'] = None; from lenet5 import cli; cli.main(['train', '--device=cpu'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "pip install 'lenet5-1998[torch]'" in done.stderr


def test_the_example_in_the_document_runs(tmp_path, monkeypatch):
    examples = re.findall(r"```python\n(.*?)```", (DOCS / "torch.md").read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    monkeypatch.chdir(tmp_path)
    names = {}
    for example in examples:
        exec(compile(example, "docs/torch.md", "exec"), names)
    assert (tmp_path / "own.safetensors").exists()
