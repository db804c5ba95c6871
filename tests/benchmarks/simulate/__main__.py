"""`make simulate`: scale-to-zero against a minimum of one, over days of three shops.

It takes about a minute, keeps what came out in `tests/benchmarks/simulated.json` and writes the
table of `shared/docs/capacity.md`; `--check` writes nothing and says whether the table is what was
kept.
"""

import argparse
import json
import sys

from tests.benchmarks.capacity.marks import with_sections
from tests.benchmarks.capacity.page import PAGE
from tests.benchmarks.simulate.days import SEED, all_rows
from tests.benchmarks.simulate.page import KEPT, SECTION, kept, text


def is_stale() -> bool:
    """Tell whether the document says something else than what was kept."""
    page = PAGE.read_text("utf-8")
    return page != with_sections(page, {SECTION: text(kept())}, command="simulate")


def main() -> int:
    """Simulate and write, or with `--check` look."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where it is stale")
    if parser.parse_args().check:
        return 1 if is_stale() else 0
    content = {"command": "make simulate", "seed": SEED, "rows": all_rows()}
    KEPT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    written = text(kept())
    page = with_sections(PAGE.read_text("utf-8"), {SECTION: written}, command="simulate")
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(f"{written}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
