"""The settings of a reader: every number that reading depends on, with its unit and where it was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from ..imaging.denoising import DENOISING, DenoisingSettings
from ..imaging.documents import DOCUMENTS, DocumentSettings
from ..imaging.page_layout import LAYOUT, LayoutSettings
from .acceptance import AcceptancePolicy
from .cells import CELL_READING, CellReadingSettings
from .frames import FRAMES, FrameSettings
from .isolated_characters import SETTINGS as ISOLATION
from .isolated_characters import IsolationSettings
from .orientation import ORIENTATION, OrientationSettings
from .over_segmentation import SETTINGS as OVER_SEGMENTATION
from .over_segmentation import OverSegmentationSettings
from .space_displacement import SETTINGS as DISPLACEMENT
from .space_displacement import DisplacementSettings
from .unread import UNREAD, UnreadSettings
from .work_limit import WORK_LIMIT, WorkLimit

__all__ = ["SETTINGS", "ReaderSettings"]


@dataclass(frozen=True)
class ReaderSettings:
    """Every number that reading depends on, in one tree: each step holds the settings of the steps within it.

    Those of this class itself say when all of a picture is one character, and where a line is two strings. They were
    chosen on pictures of single characters by other writers against the tuning half of the cheque amounts.
    """

    square: float = 1.3  # heights: wider foreground is not compared with one character
    most_lines: int = 3  # a page of more is not compared with one character
    distance: float = 0.1  # heights of the lower one, by which two lines are apart that are not one character
    margin: float = 2.0  # nats by which one character must be likelier than the strings, to be read instead
    confidence: float = 0.5  # that one character has at least, to be read instead of several
    gap: float = 2.0  # median heights of characters; a wider gap parts two strings
    # Lines in a row, the largest first, of a mean confidence so low: the rest of the page is not read. Specks and dots
    # have 0.05 and less, a page of print 0.6, writing 0.9 (benchmarks/growth.py, nothing.py).
    hopeless_lines: int = 12
    hopeless: float = 0.1
    # Characters of a page, by the widths of its lines in their heights, from which on its lines are cut once only:
    # cutting again at other shears takes a third of the time of 1,000 MNIST digits and reads no more of them right.
    crowded: float = 300.0
    documents: DocumentSettings = DOCUMENTS
    denoising: DenoisingSettings = DENOISING
    layout: LayoutSettings = LAYOUT
    isolation: IsolationSettings = ISOLATION
    cells: CellReadingSettings = CELL_READING
    segmentation: OverSegmentationSettings = OVER_SEGMENTATION
    displacement: DisplacementSettings = DISPLACEMENT
    orientation: OrientationSettings = ORIENTATION
    unread: UnreadSettings = UNREAD
    work: WorkLimit = WORK_LIMIT
    frames: FrameSettings = FRAMES
    acceptance: AcceptancePolicy | None = None  # None: the policy of the method (acceptance.POLICIES)


SETTINGS = ReaderSettings()
