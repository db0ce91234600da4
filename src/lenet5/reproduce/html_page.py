"""The report as one HTML file without references: panels with their drawings inside, light or dark."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from string import Template

from .charts import INK
from .panel import Cell, Drawing, Panel, Table

__all__ = ["page"]

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LeNet-5, reproduced</title>
<style>
:root { color-scheme: light dark; --ink: #222; --paper: #fdfdfb; --quiet: #666; --line: #ddd; --card: #f3f3ee;
  --note: #fff3d6; --link: #1d5f99; --wrong: #b3201a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --paper: #181a1c; --quiet: #9a9a9a; --line: #3a3d40; --card: #222528; --note: #3d3215;
    --link: #7db8ea; --wrong: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.25; margin: 0 0 0.6rem; }
a { color: var(--link); }
section { border-top: 1px solid var(--line); padding: 1.6rem 0 0.8rem; }
dl { margin: 0 0 1rem; display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1rem; }
dt { color: var(--quiet); } dd { margin: 0; }
figure { margin: 0 0 1rem; max-width: 100%; }
.drawings { display: flex; flex-wrap: wrap; gap: 0.4rem 1.4rem; align-items: flex-start; }
.chart { flex: 1 1 20rem; max-width: 35rem; }
.chart svg { display: block; width: 100%; height: auto; }
.chart svg[width="240"] { width: 15rem; }
img { display: block; max-width: 100%; height: auto; }
.ink { mix-blend-mode: multiply; }
@media screen and (prefers-color-scheme: dark) {
  .ink { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; } }
.cells { display: flex; flex-wrap: wrap; gap: 0.3rem 0.5rem; margin-bottom: 0.6rem; }
.cells figure { margin: 0; text-align: center; }
.cells img { width: 3.2rem; image-rendering: pixelated; }
.cells figcaption { color: var(--ink); }
.cells .wrong { color: var(--wrong); }
.sheet { flex: 1 1 100%; }
.sheet h3 { font-size: 0.95rem; font-weight: normal; color: var(--quiet); margin: 0.6rem 0 0.2rem; }
figcaption, .note, caption { color: var(--quiet); font-size: 0.88rem; }
caption { text-align: left; padding-bottom: 0.3rem; }
.warning { background: var(--note); padding: 0.6rem 0.9rem; border-radius: 4px; }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.2rem 0.7rem 0.2rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
summary { cursor: pointer; color: var(--link); margin-bottom: 0.5rem; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --quiet: #444; --line: #bbb; --link: #000;
    --note: #fff; --wrong: #a00; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  section, figure, tr { break-inside: avoid-page; }
  h2, dl { break-after: avoid-page; }
  details { display: none; } }
@media (max-width: 36rem) {
  .summary th { display: none; }
  .summary td { display: block; border: 0; padding: 0.1rem 0; }
  .summary tr { display: block; border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
  .summary td::before { content: attr(data-label); color: var(--quiet); }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
</style>
</head>
<body>
<h1>LeNet-5, reproduced</h1>
<p>The figures of Section III of <cite>Gradient-Based Learning Applied to Document Recognition</cite> (LeCun, Bottou,
Bengio, Haffner, 1998) that concern LeNet-5, each beside what the paper publishes. Ours are means ± standard deviations
over the seeds; of two seeds both values are given.</p>
$warning
$summary
$panels
<section><h2>How this was made</h2>
$facts
</section>
</body>
</html>
""")


def page(panels: Sequence[Panel], facts: Sequence[str], warning: str = "") -> str:
    """The whole page as HTML.

    Args:
        panels: in their order.
        facts: sentences on the machine, the trainings and their times.
        warning: a sentence for the top, or "".
    """
    summary = "".join(
        f'<tr><td><a href="#{panel.key}">{escape(panel.title)}</a></td>'
        f'<td data-label="the paper: ">{escape(panel.published)}</td>'
        f'<td data-label="here: ">{escape(panel.ours)}</td></tr>'
        for panel in panels
    )
    return PAGE.substitute(
        warning=f'<p class="warning">{escape(warning)}</p>' if warning else "",
        summary='<div class="scroll"><table class="summary"><tr><th>figure</th><th>the paper</th><th>here</th>'
        f"</tr>{summary}</table></div>"
        if len(panels) > 1
        else "",
        panels="\n".join(map(_panel, panels)),
        facts="\n".join(f"<p>{escape(fact)}</p>" for fact in facts),
    )


def _panel(panel: Panel) -> str:
    sentences = (("published", panel.published), ("ours", panel.ours), ("difference", panel.difference))
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in sentences)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in panel.notes)
    return (
        f'<section id="{panel.key}"><h2>{escape(panel.title)}</h2>\n<dl>{rows}</dl>\n'
        f'<div class="drawings">{"".join(map(_drawing, panel.drawings))}</div>\n'
        f"{''.join(map(_table, panel.tables))}{notes}</section>"
    )


def _drawing(drawing: Drawing) -> str:
    caption = f"<figcaption>{escape(drawing.caption)}</figcaption>" if drawing.caption else ""
    alt = escape(drawing.alt, quote=True)
    if drawing.name.endswith(".svg"):
        return f'<figure class="chart">{_inline(drawing)}{caption}</figure>\n'
    if drawing.rows:
        rows = "".join(
            (f"<h3>{escape(heading)}</h3>" if heading else "")
            + f'<div class="cells">{"".join(map(_cell, cells))}</div>'
            for heading, cells in drawing.rows
        )
        return f'<figure class="sheet" aria-label="{alt}">{rows}{caption}</figure>\n'
    kind = "" if drawing.coloured else ' class="ink"'
    return f'<figure><img{kind} alt="{alt}" src="{_data(drawing.contents)}">{caption}</figure>\n'


def _cell(cell: Cell) -> str:
    """A character with its text."""
    kind = ' class="wrong"' if cell.wrong else ""
    text = escape(cell.text)
    return f'<figure><img class="ink" alt="" src="{_data(cell.png)}"><figcaption{kind}>{text}</figcaption></figure>'


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _inline(drawing: Drawing) -> str:
    """An SVG inside the page: its text has the page's colour, its ids are unique in the page."""
    text = drawing.contents.decode()
    text = text[text.index("<svg") :]
    text = text.replace(INK, "var(--ink)")
    prefix = drawing.name.removesuffix(".svg")
    for before, after in (
        ('id="', f'id="{prefix}-'),
        ("url(#", f"url(#{prefix}-"),
        ('href="#', f'href="#{prefix}-'),
    ):
        text = text.replace(before, after)
    label = f'<svg role="img" aria-label="{escape(drawing.alt, quote=True)}" '
    return text.replace("<svg ", label, 1)


def _table(table: Table) -> str:
    kinds = [_numeric([row[i] for row in table.rows]) for i in range(len(table.heads))]

    def cells(values: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if number else ''}>{escape(str(value))}</{tag}>"
            for value, number in zip(values, kinds, strict=True)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption and not table.folded else ""
    text = f'<div class="scroll"><table>{caption}<tr>{cells(table.heads, "th")}</tr>{body}</table></div>'
    if table.folded:
        text = f"<details><summary>{escape(table.caption)}</summary>{text}</details>"
    return text + "\n"


def _numeric(values: Sequence[object]) -> bool:
    """Whether a column holds numbers, which are aligned to the right."""
    return any(str(value)[:1].isdigit() for value in values) and all(
        not str(value)[:1].isalpha() for value in values
    )
