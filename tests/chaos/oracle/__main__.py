"""The oracle as a process of its own: `Sources` as JSON come in, what is broken goes out.

It has its own login, which may read everything and write nothing, and imports nothing of ours.
"""

import json
import sys

from tests.chaos.oracle.evidence import Sources, gather
from tests.chaos.oracle.invariants import INVARIANTS, violations


def main() -> int:
    """Judge once; 1 when something is broken."""
    evidence = gather(Sources.from_json(sys.stdin.read()))
    broken = violations(evidence)
    verdict = {
        "at": evidence.at.isoformat(),
        "looked_at": evidence.sizes(),
        "invariants": [*INVARIANTS],
        "violations": broken,
    }
    sys.stdout.write(json.dumps(verdict, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
