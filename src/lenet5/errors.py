"""Every error this package raises on purpose, drawn in one place.

    LeNet5Error                 one sentence: what, where, what to do
    ├── InputError              pixels, labels or options that cannot be used     (also a ValueError)
    ├── PictureError            a picture file that cannot be read, or has no ink (also a ValueError)
    ├── DataError               a data set that is missing, truncated or corrupt  (also a ValueError)
    │   └── DownloadError       no mirror delivered it                            (also an OSError)
    ├── ModelError              a model file that is not one, or does not fit     (also a ValueError)
    ├── SaveError               a file that cannot be written                     (also an OSError)
    ├── TimeLimitError          a picture that was not read in the time allowed   (also a TimeoutError)
    └── MissingExtraError       an optional dependency is not installed           (also an ImportError)

The command line prints the sentence and exits with 1 (a failed job) or 2 (wrong use); never a traceback.
"""

__all__ = [
    "DataError",
    "DownloadError",
    "InputError",
    "LeNet5Error",
    "MissingExtraError",
    "ModelError",
    "PictureError",
    "SaveError",
    "TimeLimitError",
    "nothing_to_read",
]


MOST_CHARACTERS = 1200  # of an error's sentence: what it quotes may come from a damaged file


class LeNet5Error(Exception):
    """Root of the family; its text is a sentence for people, without the middle where that would be too long."""

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= MOST_CHARACTERS:
            return text
        # What it is stands at the beginning, what to do at the end.
        return f"{text[: 2 * MOST_CHARACTERS // 3]} … {text[-MOST_CHARACTERS // 3 + 3 :]}"


class InputError(LeNet5Error, ValueError):
    """Pixels, labels or options that cannot be used."""


class PictureError(LeNet5Error, ValueError):
    """A picture that cannot be opened, or in which there is nothing to read."""


class DataError(LeNet5Error, ValueError):
    """A data set that is missing, truncated or corrupt."""


class DownloadError(DataError, OSError):
    """No mirror delivered the data set."""


class ModelError(LeNet5Error, ValueError):
    """A model file that is not one, is damaged, or does not fit this network."""


class SaveError(LeNet5Error, OSError):
    """A file that cannot be written; what was there before is unchanged."""


class TimeLimitError(LeNet5Error, TimeoutError):
    """A picture that was not read in the time that was allowed."""


class MissingExtraError(LeNet5Error, ImportError):
    """An optional dependency is not installed; the text names the extra to install."""


def nothing_to_read(name: str, reason: str = "no writing stands out from the background") -> PictureError:
    """The error of a picture in which there is nothing to read, named as errors call it; with the reason."""
    return PictureError(f"nothing to read in {name}: {reason}")
