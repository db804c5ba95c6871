"""`make capacity`: writes what the figures give into the documents; `--check` says which differ."""

import argparse
import sys

from tests.benchmarks.capacity.marks import with_sections
from tests.benchmarks.capacity.page import sections


def stale() -> list[str]:
    """Name the documents that are not what the figures give."""
    return [
        path.name
        for path, parts in sections().items()
        if (text := path.read_text("utf-8")) != with_sections(text, parts)
    ]


def main() -> int:
    """Write, or with `--check` look."""
    parser = argparse.ArgumentParser(prog="make capacity", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where one is stale")
    if parser.parse_args().check:
        if names := stale():
            sys.stderr.write(f"stale: {', '.join(names)}; run make capacity\n")
        return 1 if names else 0
    for path, parts in sections().items():
        path.write_text(with_sections(path.read_text("utf-8"), parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
