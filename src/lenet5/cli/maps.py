"""The option --off: maps of the network that are switched off, as c3:4."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

__all__ = ["maps_by_layer", "off_option"]


class MapToSwitchOff(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2
    """A map of a layer, as c3:4; maps are counted from 0, as in Table I."""

    name = "layer:map"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Layer and number. Fails, in one sentence, for any other text."""
        layer, _, number = value.partition(":")
        if not number.isdecimal():
            self.fail(f"{value!r} is no map: name its layer and its number from 0, as c3:4", param, ctx)
        return layer.lower(), int(number)


def off_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option, with a help of its own for each command."""
    return click.option("--off", "off", multiple=True, type=MapToSwitchOff(), help=help_text)


def maps_by_layer(off: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """The maps of each layer that is named."""
    maps: dict[str, list[int]] = {}
    for layer, number in off:
        maps.setdefault(layer, []).append(number)
    return maps
