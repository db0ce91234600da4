"""Shares as people write them: 0.5% or 0.005."""

from __future__ import annotations

import click

__all__ = ["Share"]


class Share(click.ParamType):
    """An option's share, between 0 and 1: with a sign for per cent, or a plain number below 0.1."""

    name = "share"

    def get_metavar(self, *_: object, **__: object) -> str:
        return "0.5%"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().replace("\u00a0", "").replace(" ", "").replace(",", ".")
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is no share: write it as 0.5% or 0.005", param, context)
        if not text.endswith("%") and 0.1 <= share < 100:
            self.fail(f"{value!r} may be meant as {text}% or as {share:.0%}: write the sign", param, context)
        if not 0 < share < 1:
            self.fail(f"{value!r} must lie between 0% and 100%", param, context)
        return share
