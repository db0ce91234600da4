"""Models on the Hugging Face Hub: the same safetensors file, beside a config.json and a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, ModelError

__all__ = ["Hub"]

FILE = "model.safetensors"
SECTIONS = """
LeNet-5 exactly as published in 1998, for the classes {classes}. Penalties, smallest wins:

```python
from lenet5.torch import LeNet5

network = LeNet5.from_pretrained("{where}")
penalties = network(images)        # uint8 (N, 28, 28), 255 = ink -> (N, {count})
```

`{file}` is also what `lenet5 read --weights {file} PICTURE` takes.
"""

try:
    from huggingface_hub import ModelCard, ModelCardData, PyTorchModelHubMixin, hf_hub_download
except ModuleNotFoundError as _error:
    _missing = str(_error)

    class Hub:
        """What says how to get the hub's methods."""

        def save_pretrained(self, *arguments: Any, **options: Any) -> None:
            """Raises MissingExtraError."""
            raise MissingExtraError(
                f"the Hub needs huggingface_hub ({_missing}): pip install 'lenet5-1998[torch]'"
            )

        push_to_hub = save_pretrained
        from_pretrained = classmethod(save_pretrained)

else:

    class Hub(
        PyTorchModelHubMixin,
        library_name="lenet5",
        license="mit",
        tags=["lenet-5", "handwriting"],
        pipeline_tag="image-classification",
    ):
        """from_pretrained, save_pretrained and push_to_hub of PyTorchModelHubMixin, with our file."""

        def _save_pretrained(self, save_directory: Path) -> None:
            self.save(Path(save_directory) / FILE)

        @classmethod
        def _from_pretrained(
            cls, *, model_id: str, revision: str | None, cache_dir: Any, force_download: bool,
            local_files_only: bool, token: Any, map_location: str = "cpu", strict: bool = True,
            **settings: Any,
        ) -> Any:  # fmt: skip
            """From a folder or a repository: the file, and not config.json, says the classes."""
            place = Path(model_id)
            if place.is_dir():
                if not (place / FILE).is_file():
                    raise ModelError(f"{place} has no {FILE}: save_pretrained would have written it")
                file: str | Path = place / FILE
            else:
                file = hf_hub_download(
                    model_id, FILE, revision=revision, cache_dir=cache_dir, force_download=force_download,
                    local_files_only=local_files_only, token=token,
                )  # fmt: skip
            return cls.load(file).to(map_location)

        def push_to_hub(self, repo_id: str, *, model_card_kwargs: Any = None, **options: Any) -> str:
            """As PyTorchModelHubMixin.push_to_hub; the card names the repository."""
            known = {"repo_id": repo_id, **(model_card_kwargs or {})}
            return super().push_to_hub(repo_id, model_card_kwargs=known, **options)

        def generate_model_card(
            self, *arguments: Any, repo_id: str | None = None, **options: Any
        ) -> ModelCard:
            """A card that says what it is, how to use it and what it was measured to do."""
            data = ModelCardData(
                library_name="lenet5", license="mit", tags=["lenet-5", "handwriting"],
                pipeline_tag="image-classification",
            )  # fmt: skip
            text = SECTIONS.format(
                classes=" ".join(self.classes), where=repo_id or "FOLDER", count=len(self.classes), file=FILE
            )
            figures = "".join(f"- {key}: {value}\n" for key, value in self.metadata["figures"].items())
            return ModelCard(f"---\n{data.to_yaml()}\n---\n\n# LeNet-5\n{text}\n{figures}")
