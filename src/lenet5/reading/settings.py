"""The settings of a reader: every number that reading depends on, with its unit and where it was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from .acceptance import AcceptancePolicy
from .isolated_characters import IsolationSettings
from .over_segmentation import OverSegmentationSettings
from .space_displacement import DisplacementSettings

__all__ = ["SETTINGS", "ReaderSettings"]


@dataclass(frozen=True)
class ReaderSettings:
    """Every number that reading depends on.

    Those of this class say when all of a picture is one character, and where a line is two strings. They were chosen
    on pictures of single characters by other writers against the tuning half of the cheque amounts.
    """

    square: float = 1.3  # heights: wider foreground is not compared with one character
    few: int = 3  # lines; a page of more is not compared with one character
    close: float = 0.1  # heights of the lower one, by which two lines are apart that are not one character
    likelier: float = 2.0  # nats by which one character must be likelier than the strings, to be read instead
    sure: float = 0.5  # confidence that one character has at least, to be read instead of several
    gap: float = 2.0  # median heights of characters; a wider gap parts two strings
    isolation: IsolationSettings = field(default_factory=IsolationSettings)
    segmentation: OverSegmentationSettings = field(default_factory=OverSegmentationSettings)
    displacement: DisplacementSettings = field(default_factory=DisplacementSettings)
    acceptance: AcceptancePolicy | None = None  # None: the policy of the method (acceptance.POLICIES)


SETTINGS = ReaderSettings()
