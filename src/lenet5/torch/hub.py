"""Models on the Hugging Face Hub: the same safetensors file, with a config.json and a model card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, ModelError

__all__ = ["Hub"]

FILE = "model.safetensors"
LICENSE, PIPELINE, TAGS = "mit", "image-classification", ["lenet-5", "handwriting"]
CARD = """
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
        """Stands where huggingface_hub is not installed: its methods say how to install it."""

        def save_pretrained(self, *arguments: Any, **options: Any) -> None:
            """Raises MissingExtraError."""
            _raise_missing()

        def push_to_hub(self, *arguments: Any, **options: Any) -> None:
            """Raises MissingExtraError."""
            _raise_missing()

        @classmethod
        def from_pretrained(cls, *arguments: Any, **options: Any) -> None:
            """Raises MissingExtraError."""
            _raise_missing()

    def _raise_missing() -> None:
        raise MissingExtraError(
            f"the Hub needs huggingface_hub ({_missing}): pip install 'lenet5-1998[torch]'"
        )

else:

    class Hub(  # type: ignore[no-redef]
        PyTorchModelHubMixin,
        library_name="lenet5",
        license=LICENSE,
        tags=TAGS,
        pipeline_tag=PIPELINE,
    ):
        """from_pretrained, save_pretrained and push_to_hub of PyTorchModelHubMixin, with the model file of lenet5."""

        classes: list[str]
        metadata: dict[str, Any]

        if TYPE_CHECKING:  # of the network that this is mixed into

            def save(self, path: Path) -> None: ...
            @classmethod
            def load(cls, path: Any) -> Any: ...

        def _save_pretrained(self, save_directory: Path) -> None:
            self.save(Path(save_directory) / FILE)

        @classmethod
        def _from_pretrained(
            cls, *, model_id: str, revision: str | None, cache_dir: Any, force_download: bool,
            local_files_only: bool, token: Any, map_location: str = "cpu", strict: bool = True,
            **settings: Any,
        ) -> Any:  # fmt: skip
            """The model of a folder or a repository; the model file, not config.json, says the classes.

            Raises:
                ModelError: the folder has no model file.
            """
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
            card = {"repo_id": repo_id, **(model_card_kwargs or {})}
            return str(super().push_to_hub(repo_id, model_card_kwargs=card, **options))

        def generate_model_card(
            self, *arguments: Any, repo_id: str | None = None, **options: Any
        ) -> ModelCard:
            """A card that says what the model is, how to use it and what was measured of it."""
            data = ModelCardData(library_name="lenet5", license=LICENSE, tags=TAGS, pipeline_tag=PIPELINE)
            text = CARD.format(
                classes=" ".join(self.classes), where=repo_id or "FOLDER", count=len(self.classes), file=FILE
            )
            figures = "".join(f"- {key}: {value}\n" for key, value in self.metadata["figures"].items())
            return ModelCard(f"---\n{data.to_yaml()}\n---\n\n# LeNet-5\n{text}\n{figures}")
