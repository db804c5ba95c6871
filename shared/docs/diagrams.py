"""Draws the state tables as Mermaid pages, so that a picture never differs from the code.

`python -m shared.docs.diagrams` writes them; with `--check` it fails where one is stale.
"""

import sys
from pathlib import Path
from typing import Final

from shared.domain.charge import FINAL, PUBLIC_STATUS, TRANSITIONS, ChargeStatus

PAGE: Final = Path(__file__).with_name("charge_states.md")


def charge_page() -> str:
    """Return the page about the states of a charge."""
    edges = "\n".join(
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in TRANSITIONS.items()
    )
    ends = "\n".join(f"    {status.value} --> [*]" for status in ChargeStatus if status in FINAL)
    rows = "\n".join(
        f"| `{status.value}` | `{PUBLIC_STATUS[status]}` | {'yes' if status in FINAL else 'no'} |"
        for status in ChargeStatus
    )
    return f"""# States of a charge

Drawn from `shared/domain/charge.py` by `make manifests`; edit that table, not this page.

```mermaid
stateDiagram-v2
    [*] --> created
{edges}
{ends}
```

| internal | public `status` | final |
|---|---|---|
{rows}
"""


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are stale."""
    page = charge_page()
    if "--check" in arguments:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        sys.stderr.write(f"stale: {PAGE.name}; run make manifests\n")
        return 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
