"""Digits by other people, in a folder with labels.csv: how many are read, asked for one character and unasked.

    python benchmarks/own_characters.py FOLDER [--weights digits] [--json] [--out benchmarks/results]

The folder is as `lenet5 eval-strings` takes it. Labels of more than one character, or of none of the weights'
classes, are left out. `asked` reads each picture as one character, `auto` as whatever it looks like, and
`shown` as auto with doubtful characters shown as ?: how many are right, and how many wrong and not ?.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

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
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--out", type=Path, help="folder for own-characters.json, the figures alone")
    options = arguments.parse_args()
    found = measured(Reader(options.weights), options.folder)
    if options.out:
        figures = {"weights": options.weights, "pictures": found["pictures"]}
        figures |= {name: found[name]["right"] for name in ("asked", "auto", "shown")}
        path = options.out / "own-characters.json"
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(found))
        return
    count = found["pictures"]
    for name in ("asked", "auto", "shown"):
        figures = found[name]
        print(f"{name:6} {figures['right']} of {count} right ({figures['right'] / count:.1%})")
        if name != "shown":
            print(
                *(f"       {file}: {label} read as {text!r}" for file, label, text in figures["mistakes"]),
                sep="\n",
            )
        else:
            print(f"       {figures['wrong']} wrong and not shown as ?")


if __name__ == "__main__":
    main()
