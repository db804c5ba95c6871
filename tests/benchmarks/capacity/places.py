"""What the figures say in words: what was measured, and where each part ends, the first first."""

from collections.abc import Iterator

from tests.benchmarks.capacity import assumed, model, written
from tests.benchmarks.capacity.configured import pooler
from tests.benchmarks.capacity.marks import table
from tests.benchmarks.capacity.measured import figures, measured_on
from tests.benchmarks.capacity.model import RATES, WAY

Place = tuple[int, str, str]


def short() -> str:
    """What the largest rate takes."""
    many, one = _ends_of_one_database()
    most = RATES[-1]
    servers, _ = model.database_size(most, "gcp")
    return (
        f"{most:,}/s is out of reach of one database: the largest there is, "
        f"{assumed.LARGEST_GCP.text}, ends between {many:,} and {one:,} charges a second, by how "
        f"often its statements are planned. It takes {-(-most // one)} to {servers} of them, and "
        "accounts have to be [spread over them](#where-the-design-shards), which is planned and "
        "not built."
    )


def measured() -> str:
    """What was measured, and on what."""
    known = figures()
    alone = known["create_charge"], known["CPU per create_charge: function"]
    time = (
        f"- **Processor time**: {measured_on()}, by the whole path at 25 charges/s, which fills "
        f"them. One process of `create_charge` by itself at full load makes {float(alone[0]):.0f} "
        f"a second, at {float(alone[1]):.2f} ms each instead of "
        f"{float(known['CPU per charge: create']):.2f}."
    )
    each = (
        f"- **What a charge writes**: {written.WAL_BYTES // 1000} kB of PostgreSQL's log in "
        f"{written.COMMITS} commits, {written.KEPT_BYTES / 1000:.1f} kB of rows and indexes for "
        f"good and {written.PASSING_BYTES / 1000:.1f} kB for days, "
        f"{sum(written.MESSAGES.values())} messages, a receipt of {written.RECEIPT_BYTES // 1000} "
        "kB ([test](../../tests/functions/test_bytes_written.py))."
    )
    return f"{time}\n{each}\n{_accounts()}"


def _accounts() -> str:
    known = figures("tenants")
    held = float(known["connection that served each account once"])
    migrated = float(next(known[name] for name in known if name.endswith("a column and an index")))
    return (
        f"- **Accounts**: {measured_on('tenants')}, 2,000 of them. A schema takes "
        f"{float(known['size of an account']):.2f} MB before any charge, a connection that "
        f"served all holds {held:.0f} MB, and a migration of all takes {migrated:.0f} s."
    )


def ends() -> str:
    """Where each part ends, the first first."""
    found = [*_ends_of_functions(), *_ends_of_rules(), *_ends_of_the_database()]
    rows = [[f"{at:,}/s", what, way] for at, what, way in sorted(found)]
    return table(("ends at", "what", "what moves it"), rows)


def _ends_of_functions() -> Iterator[Place]:
    for hop in WAY:
        why, way = "its cores", "`max-scale`"
        if hop.is_held_by_threads:
            why = f"{hop.pod.concurrency} threads a pod wait for others"
            way = "`concurrency`, then `max-scale`"
        yield hop.ends_at, f"`{hop.function}` at its max-scale of {hop.pod.most}: {why}", way


def _ends_of_rules() -> Iterator[Place]:
    yield (
        50,
        "one operator account, by the default rule `send_rate`",
        "a rule, by its contract ([0052](decisions/0052-rate-of-an-operator-account.md))",
    )
    yield (
        100,
        "one merchant, by the default rule `requests` of 1,000 in 10 s",
        "a rule of the account's own ([0020](decisions/0020-limits.md))",
    )


def _ends_of_the_database() -> Iterator[Place]:
    known = pooler()
    yield (
        model.pooler_ends_at(),
        f"{known.replicas} poolers of {known.server_connections} connections †",
        "replicas, `max_db_connections`, the server's `max_connections`",
    )
    yield (
        model.merchant_ends_at(),
        "one merchant's hot row, which each settled charge moves and holds until its commit",
        "the merchant as several accounts; nothing else",
    )
    size = f"one PostgreSQL of {assumed.LARGEST_GCP.text}"
    many, one = _ends_of_one_database()
    yield many, f"{size}, very many merchants behind the poolers †", "another database"
    yield one, f"{size}, if all statements were planned once", "another database"


def _ends_of_one_database() -> tuple[int, int]:
    """With statements planned for each merchant anew, and planned once."""
    many, one = (
        model.database_ends_at(is_replanned=is_many, cores=model.LARGEST)
        for is_many in (True, False)
    )
    return many, one
