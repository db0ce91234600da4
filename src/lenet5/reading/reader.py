"""From a picture to its text: the layout finds the regions, LeNet-5 classifies candidates, the best path is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..deadline import Deadline
from ..engine.interface import Backend
from ..errors import InputError, PictureError
from ..imaging.components import SIGN_SPECKS
from ..imaging.denoising import without_noise
from ..imaging.geometry import Region, clip_box
from ..imaging.load import Picture, load_image_with_scale, source_name
from ..imaging.page_layout import MODES, Mode, PageLayout, layout
from ..imaging.trace import Trace
from ..lattice.automaton import Grammar
from ..lattice.grammar import make_grammar
from ..model.classifier import Classifier
from ..model.lenet5 import LeNet5
from ..model.load import find
from ..model.signs import WithSigns
from ..network.codes import SIGNS
from .acceptance import POLICIES, accept, reject
from .forms import Area, Form, crop, parse_region
from .frames import FramesResult, read_frames
from .learnt_numbers import settings_for
from .orientation import read_in_other_directions
from .page_reader import PageReader
from .region_reader import ReadingRequest, RegionReader
from .results import Result
from .settings import SETTINGS, ReaderSettings
from .trace import record_result
from .work_limit import Work

__all__ = ["FOR_READING", "METHODS", "MODES", "Reader"]

METHODS = ("segmentation", "displacement")  # Section V, Section VII
# By method: weights that are asked for -> those that are read with.
FOR_READING = {"segmentation": {"digits": "ensemble"}, "displacement": {"digits": "displacement"}}


class Reader:
    """Reads pictures. One Reader may be used by several threads at once.

    Args:
        weights: name of weights that come with the package, a model file, or a network. The name "digits" means
            weights that were trained for reading: "ensemble", or "displacement" for that method;
            LeNet5.pretrained("digits") knows neither other ways of writing nor non-characters.
        method: how lines of text are read: "segmentation" (Section V) or "displacement" (Section VII).
        signs: read signs as well, by the weights `signs`: points, commas, slashes, …; else they are left out
            (String.unread).
        settings: every number that reading depends on; weights that learnt some of them bring their own.
        backend: what computes, where the weights are loaded here (engine.backend); a network that is given has
            its own.

    Raises:
        InputError: there is no such method, or it reads no signs.
        ModelError: the weights are missing or damaged.
    """

    def __init__(
        self,
        weights: str | os.PathLike[str] | Classifier = "digits",
        *,
        method: str = "segmentation",
        signs: bool = False,
        settings: ReaderSettings = SETTINGS,
        backend: str | Backend | None = None,
    ) -> None:
        if method not in METHODS:
            raise InputError(f"there is no method {method!r} of reading: {' and '.join(METHODS)} are known")
        if not isinstance(weights, Classifier):
            weights = FOR_READING[method].get(weights, weights) if isinstance(weights, str) else weights
            weights = find(weights, backend)
        settings = settings_for(weights, settings)
        if signs:
            weights = _with_signs(weights, method, backend)
        self.model = weights
        self.method = method
        self.settings = settings
        self.policy = settings.acceptance or POLICIES[method]
        if "/" in self.model.classes:
            # What may be a slash has been compared with one.
            self.policy = replace(self.policy, slash_lean=np.inf)
        if "." in self.model.classes:
            strokes = replace(settings.layout.strokes, specks=SIGN_SPECKS)
            self.settings = replace(settings, layout=replace(settings.layout, strokes=strokes))
        self._pages = PageReader(RegionReader(self.model, method, self.settings, self.policy))

    def read(
        self,
        picture: Picture,
        name: str | None = None,
        *,
        mode: Mode = "auto",
        region: Area | str | None = None,
        grammar: Grammar | None = None,
        best: int = 5,
        threshold: float | None = None,
        trace: Trace | None = None,
        timeout: float | Deadline | None = None,
        counts: tuple[int, int] | None = None,
    ) -> Result:
        """Read a picture.

        Args:
            picture: a path, bytes, a binary file, a PIL image or an array (imaging.load).
            name: what errors call it; None: the file's name.
            mode: what the picture is taken for: "character", "string", "lines", "boxes", "table", or "auto",
                whichever it looks like.
            region: the part of it to read, in pixels or shares (forms.parse_region).
            grammar: strings that are allowed (lattice.automaton); None: all.
            best: different readings wanted of each string, the first included.
            threshold: confidence, 0 … 1, below which a character is rejected. None: the model's own
                (Classifier.threshold_for), by the rules of `acceptance.accept`.
            trace: records every step, to be drawn.
            timeout: seconds after which reading is given up, or a deadline that several calls share; None: never.
            counts: rows and columns of the table, where they are known.

        Returns:
            The result; boxes are in pixels of the picture.

        Raises:
            PictureError: this is no picture, or there is nothing to read in it.
            TimeLimitError: it took longer than `timeout`.
            InputError: an argument cannot be used.
        """
        name = name or source_name(picture)
        deadline = Deadline.of(timeout, name)
        image, scale, size = load_image_with_scale(picture, name, self.settings.documents.load)
        result = self.read_image(
            image,
            name,
            mode=mode,
            region=region,
            grammar=grammar,
            best=best,
            threshold=threshold,
            trace=trace,
            timeout=deadline,
            counts=counts,
        )
        return result if scale == 1 else result.scale(scale, size)

    def read_image(
        self,
        image: NDArray[np.float32],
        name: str = "the picture",
        *,
        mode: Mode = "auto",
        region: Area | str | None = None,
        grammar: Grammar | None = None,
        best: int = 5,
        threshold: float | None = None,
        trace: Trace | None = None,
        timeout: float | Deadline | None = None,
        counts: tuple[int, int] | None = None,
    ) -> Result:
        """Read an opened image, (rows, columns, 3) float32 in 0 … 1. All else as for `read`."""
        _check(mode, best, threshold)
        deadline = Deadline.of(timeout, name)
        try:
            part = None
            if region is not None:
                part = crop(image, parse_region(region) if isinstance(region, str) else region, name)
                image = part.image
                trace = trace.placed(part.on_page) if trace else None
            image = without_noise(image, self.settings.denoising)
            page_layout = layout(
                image, name, mode, trace, self.settings.layout, deadline=deadline, counts=counts
            )
            request = ReadingRequest(name, grammar, best, trace, deadline, work=Work(self.settings.work))
            request.work.add_page(image.shape[0] * image.shape[1])
            if mode == "auto" and page_layout.kind in ("boxes", "table"):
                result = self._pages.cells_or_lines(image, page_layout, request)
            elif page_layout.sure:
                result = self._pages.read(page_layout, mode, request)
            else:
                result = self._pages.unsure_cells(page_layout, mode, request)
        except PictureError as error:
            if trace:
                trace.record("error", text=str(error))
            raise
        height, width = image.shape[:2]
        result = result.map_boxes(lambda box: clip_box(box, (width, height)))
        if part:
            result = result.map_boxes(part.on_page)
        if threshold is None:
            # A grammar demands its characters: none of them is rejected for being one bad among good ones.
            result = accept(result, self.model.threshold_for(), self.policy, asked=grammar is not None)
            if mode in ("auto", "string") and grammar is None:
                result = self._read_upright(image, result, request, mode, part, page_layout)
        else:
            result = reject(result, threshold)
        if trace:
            record_result(trace, result)
        return result

    def read_frames(
        self,
        pictures: Sequence[Picture],
        names: Sequence[str] | None = None,
        *,
        mode: Mode = "auto",
        region: Area | str | None = None,
        grammar: Grammar | None = None,
        best: int = 5,
        threshold: float | None = None,
        timeout: float | Deadline | None = None,
    ) -> FramesResult:
        """Read several pictures of one thing, such as frames of a meter, as one (reading.frames has the equation).

        Args:
            pictures: one or more; each as for `read`.
            names: what errors call them; None: the files' names.
            mode: as for `read`, as are the next.
            region: of every picture.
            grammar: the texts that are allowed.
            best: number of readings.
            threshold: the confidence that a character must have.
            timeout: of all pictures together, as for `read`.

        Returns:
            The text that is likeliest in all of them together; a picture that cannot be read has no vote. The cells
            of a table, decided one by one, are those of the surest picture.

        Raises:
            PictureError: none of the pictures can be read.
            TimeLimitError: it took longer than `timeout`.
            InputError: there is no picture, or an argument cannot be used.
        """
        return read_frames(
            self, pictures, names, mode=mode, region=region, grammar=grammar, best=best, threshold=threshold,
            timeout=timeout, settings=self.settings.frames,
        )  # fmt: skip

    def read_form(
        self,
        picture: Picture,
        form: Form,
        name: str | None = None,
        *,
        best: int = 5,
        threshold: float | None = None,
        trace: Trace | None = None,
        timeout: float | Deadline | None = None,
    ) -> dict[str, Result | PictureError]:
        """Read every field of a form on one scan.

        Args:
            picture: as for `read`.
            form: the template.
            name: what errors call the picture.
            best: different readings wanted of each string.
            threshold: as for `read`.
            trace: records every step of every field.
            timeout: of all fields together, as for `read`.

        Returns:
            By name, in the template's order: the field's result, or why it was not read.

        Raises:
            PictureError: this is no picture, or not one of this form.
            InputError: a field demands characters that these weights do not know.
            TimeLimitError: it took longer than `timeout`.
        """
        name = name or source_name(picture)
        deadline = Deadline.of(timeout, name)
        image, scale, size = load_image_with_scale(picture, name, self.settings.documents.load)
        answers: dict[str, Result | PictureError] = {}
        for field, region in form.regions(image, name):
            classes = self.model.classes
            grammar = make_grammar(classes, digits=field.digits, pattern=field.pattern, choices=field.choices)
            try:
                result = self.read_image(
                    region.image,
                    region.name,
                    mode=field.mode,
                    counts=field.counts,
                    grammar=grammar,
                    best=best,
                    threshold=threshold,
                    trace=trace.of(field.name).placed(region.on_page) if trace else None,
                    timeout=deadline,
                )
            except PictureError as error:
                answers[field.name] = error
            else:
                answers[field.name] = result.map_boxes(region.on_page).scale(scale, size)
        return answers

    def _read_upright(
        self,
        image: NDArray[np.float32],
        result: Result,
        request: ReadingRequest,
        mode: Mode,
        part: Region | None,
        page_layout: PageLayout,
    ) -> Result:
        """The result, or that of the image upside down or turned by a quarter, where only this can be read."""
        request = replace(request, trace=None)
        # A reading in another direction is one line of several characters: no cells are looked for.
        lines: Mode = "lines" if mode == "auto" else mode

        def read(turned: NDArray[np.float32]) -> Result:
            turned_layout = layout(
                turned, request.name, lines, None, self.settings.layout, deadline=request.deadline
            )
            answer = self._pages.read(turned_layout, lines, request)
            return accept(answer, self.model.threshold_for(), self.policy)

        def glance() -> float:
            if len(page_layout.regions) != 1 or page_layout.kind not in ("lines", "string"):
                return float(len(result.lines) == 1)  # several lines are no less upside down
            turned = page_layout.regions[0].upside_down()
            try:
                return self._pages.regions.string(turned, replace(request, glance=True, best=1)).confidence
            except PictureError:
                return 0.0

        other = read_in_other_directions(image, result, read, self.settings.orientation, glance)
        return other.map_boxes(part.on_page) if part and other is not result else other


def _with_signs(model: Classifier, method: str, backend: str | Backend | None) -> Classifier:
    """A classifier that knows signs as well; the same, if it knows them already."""
    if method != "segmentation":
        raise InputError(f"the method {method} reads no signs: read them by segmentation")
    if set(SIGNS) <= set(model.classes):
        return model
    network = find("signs", backend or model.backend)
    if not isinstance(network, LeNet5):
        raise InputError("the weights signs must be one network")
    return WithSigns(model, network)


def _check(mode: str, best: int, threshold: float | None) -> None:
    if mode not in MODES:
        raise InputError(f"there is no mode {mode!r}: {', '.join(MODES)} are known")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"a threshold lies between 0 and 1, not at {threshold:g}")
    if best < 1:
        raise InputError(f"best must be 1 or more, not {best}")
