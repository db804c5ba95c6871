"""Draws the state tables as Mermaid pages, so that a picture never differs from the code.

`python -m shared.docs.diagrams` writes them; with `--check` it fails where one is stale.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.domain import account_states
from shared.domain import payout as payouts
from shared.domain import payout_batch as batches
from shared.domain import refund as refunds
from shared.domain.account_states import AccountState
from shared.domain.charge import FINAL, PUBLIC_STATUS, TRANSITIONS, ChargeStatus
from shared.domain.outgoing import FINAL as ENDS_OUTGOING
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.payout_batch import BatchStatus

PAGE: Final = Path(__file__).with_name("charge_states.md")
REFUND_PAGE: Final = Path(__file__).with_name("refund_states.md")
PAYOUT_PAGE: Final = Path(__file__).with_name("payout_states.md")
BATCH_PAGE: Final = Path(__file__).with_name("payout_batch_states.md")
ACCOUNT_PAGE: Final = Path(__file__).with_name("account_states.md")


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


def refund_page() -> str:
    """Return the page about the states of a refund."""
    begins = "    [*] --> created"
    return _outgoing_page("refund", begins, refunds.TRANSITIONS, refunds.PUBLIC_STATUS)


def payout_page() -> str:
    """Return the page about the states of a payout."""
    begins = "    [*] --> created\n    [*] --> scheduled\n    [*] --> awaiting_approval"
    begins += "\n    [*] --> queued"
    return _outgoing_page("payout", begins, payouts.TRANSITIONS, payouts.PUBLIC_STATUS)


def _outgoing_page(
    kind: str,
    begins: str,
    transitions: Mapping[tuple[OutgoingStatus, OutgoingEvent], OutgoingStatus],
    public: Mapping[OutgoingStatus, str],
) -> str:
    edges = "\n".join(
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in transitions.items()
    )
    ends = "\n".join(f"    {status.value} --> [*]" for status in public if status in ENDS_OUTGOING)
    rows = "\n".join(
        f"| `{status.value}` | `{word}` | {'yes' if status in ENDS_OUTGOING else 'no'} |"
        for status, word in public.items()
    )
    return f"""# States of a {kind}

Drawn from `shared/domain/outgoing.py` by `make manifests`; edit that table, not this page.

```mermaid
stateDiagram-v2
{begins}
{edges}
{ends}
```

The amount is held from the first state to the last. No edge leads back to sending from `unknown`.

| internal | public `status` | final |
|---|---|---|
{rows}
"""


def batch_page() -> str:
    """Return the page about the states of a batch of payouts."""
    edges = "\n".join(
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in batches.TRANSITIONS.items()
    )
    ends = "\n".join(
        f"    {status.value} --> [*]" for status in BatchStatus if status in batches.FINAL
    )
    rows = "\n".join(
        f"| `{status.value}` | `{word}` | {'yes' if status in batches.FINAL else 'no'} |"
        for status, word in batches.PUBLIC_STATUS.items()
    )
    return f"""# States of a batch of payouts

Drawn from `shared/domain/payout_batch.py` by `make manifests`; edit that table, not this page.

```mermaid
stateDiagram-v2
    [*] --> awaiting_approval
    [*] --> processing
{edges}
{ends}
```

A batch is checked whole before it is stored, and held whole when it is. Its lines are payouts, with
[states of their own](payout_states.md); it ends when the last of them has.

| internal | public `status` | final |
|---|---|---|
{rows}
"""


def account_page() -> str:
    """Return the page about the states of an account."""
    edges = "\n".join(
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in account_states.TRANSITIONS.items()
    )
    ends = "\n".join(
        f"    {state.value} --> [*]" for state in AccountState if state in account_states.FINAL
    )
    rows = "\n".join(
        f"| `{state.value}` | {'no' if state in account_states.STANDS_STILL else 'yes'}"
        f" | {'yes' if state in account_states.FINAL else 'no'} |"
        for state in AccountState
    )
    return f"""# States of an account

Drawn from `shared/domain/account_states.py` by `make manifests`; edit that table, not this page.

```mermaid
stateDiagram-v2
    [*] --> onboarding
{edges}
{ends}
```

An account that `make account` makes begins `active`. What each change takes is decided in
[0023](decisions/0023-accounts.md).

| state | begins anything new | final |
|---|---|---|
{rows}
"""


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are stale."""
    pages = {
        PAGE: charge_page(),
        REFUND_PAGE: refund_page(),
        PAYOUT_PAGE: payout_page(),
        BATCH_PAGE: batch_page(),
        ACCOUNT_PAGE: account_page(),
    }
    if "--check" not in arguments:
        for path, page in pages.items():
            path.write_text(page, encoding="utf-8")
        return 0
    stale = [
        path.name
        for path, page in pages.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != page
    ]
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run make manifests\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
