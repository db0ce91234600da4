"""The copy of the page in docs/, for the documentation site: `python scripts/page.py` says whether it is current.

python scripts/page.py --write     write it anew: after a change to src/lenet5/page, settings or weights
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPY = ROOT / "docs" / "page" / "index.html"
sys.path.insert(0, str(ROOT / "src"))


def main() -> int:
    """Compare the copy with the page, or write it."""
    from lenet5.page import page_html, write_page

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the copy")
    if parser.parse_args().write:
        COPY.parent.mkdir(exist_ok=True)
        write_page(str(COPY))
    elif not COPY.exists() or COPY.read_text(encoding="utf-8") != page_html():
        print("docs/page/index.html is not what the package writes: run python scripts/page.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
