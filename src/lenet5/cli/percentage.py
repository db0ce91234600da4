"""Option values that are percentages, as people write them: 0.5% or 0.005."""

from __future__ import annotations

import click

__all__ = ["Percentage"]


class Percentage(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2
    """A share of an option, between 0 and 1: with a % sign, or a plain number below 0.1."""

    name = "percentage"

    def get_metavar(self, *_: object, **__: object) -> str:
        """What the help shows for the value."""
        return "0.5%"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share that a text stands for. Fails, in one sentence, for any other text."""
        if isinstance(value, float):
            return value
        text = str(value).strip().replace("\u00a0", "").replace(" ", "").replace(",", ".")
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is no percentage: write it as 0.5% or 0.005", param, ctx)
        if not text.endswith("%") and 0.1 <= share < 100:
            self.fail(f"{value!r} may mean {text}% or {share:.0%}: write the % sign", param, ctx)
        if not 0 < share < 1:
            self.fail(f"{value!r} must lie between 0% and 100%", param, ctx)
        return share
