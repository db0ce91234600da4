"""Digits by other people, in a folder with labels.csv: how many are read, asked for one character and unasked.

    python benchmarks/own_characters.py FOLDER [--weights digits] [--json] [--write]

The folder is as `lenet5 eval-strings` takes it. Labels of more than one character, or of none of the weights'
classes, are left out. `asked` reads each picture as one character, `auto` as whatever it looks like, and
`shown` as auto with doubtful characters shown as ?: how many are right, and how many wrong and not ?.
"""

from __future__ import annotations

import json
from pathlib import Path

import common
from lenet5.data.transcripts import read_transcripts
from lenet5.errors import LeNet5Error
from lenet5.reading.reader import Reader


def answers(reader: Reader, paths: list[Path], **how: object) -> list[str]:
    """What is read in each picture, "" where nothing is."""
    found = []
    for path in paths:
        try:
            found.append(reader.read(path, **how).text)
        except LeNet5Error:
            found.append("")
    return found


def measured(reader: Reader, folder: Path) -> dict[str, object]:
    """The figures, and every mistake."""
    rows = [row for row in read_transcripts(folder) if row[1] in reader.model.classes]
    paths, labels = [path for path, _ in rows], [label for _, label in rows]
    found: dict[str, object] = {"pictures": len(rows)}
    for name, how in (
        ("asked", {"mode": "character", "threshold": 0.0}),
        ("auto", {"threshold": 0.0}),
        ("shown", {}),
    ):
        read = answers(reader, paths, **how)
        pairs = [
            (path.name, label, text)
            for path, label, text in zip(paths, labels, read, strict=True)
            if text != label
        ]
        found[name] = {"right": len(rows) - len(pairs), "mistakes": pairs}
        if name == "shown":
            found[name]["wrong"] = sum("?" not in text and text != "" for _, _, text in pairs)
    return found


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    found = measured(Reader(options.weights), options.folder)
    figures = {"weights": options.weights, "pictures": found["pictures"]}
    figures |= {name: found[name]["right"] for name in ("asked", "auto", "shown")}
    common.write_result(options, "own-characters.json", figures)
    if options.json:
        print(json.dumps(found))
        return
    count = found["pictures"]
    rows = [
        (name, found[name]["right"], f"{found[name]['right'] / count:.1%}")
        for name in ("asked", "auto", "shown")
    ]
    print(common.table((f"of {count} pictures", "right", "share"), rows))
    print(f"{found['shown']['wrong']} of those shown are wrong and not marked ?")
    for name in ("asked", "auto"):
        print(
            *(f"{name}: {file}: {label} read as {text!r}" for file, label, text in found[name]["mistakes"]),
            sep="\n",
        )


if __name__ == "__main__":
    common.main(main)
