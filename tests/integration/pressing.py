"""One process that presses against a quota: prints how many of its requests passed."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from shared.db.directory import Directory
from shared.db.engine import make_engine
from shared.db.transaction import Database
from shared.domain.account import Caller, Tenant
from shared.domain.errors import TooManyRequests
from shared.domain.rules import RequestRate
from shared.runtime.request_rates import RequestRates

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def main(url: str, secrets_dir: str, account: str, quota: int) -> int:
    """Ask for more than the whole quota by four threads, in one window that does not end."""
    engine = make_engine(url, secret_file=Path(secrets_dir) / "database_app", pool_size=4)
    rates = RequestRates(
        lambda _: RequestRate(account=quota, key=quota, seconds=3600),
        Directory(Database(engine)).take_requests,
        now=lambda: AT,
    )
    tenant = Tenant(account, livemode=False)
    caller = Caller(
        tenant, "0" * 10, "sk", frozenset(), "fr", charges_enabled=True, suspended=False
    )

    def once(_: int) -> int:
        try:
            rates.admit(caller, {})
        except TooManyRequests:
            return 0
        return 1

    with ThreadPoolExecutor(4) as threads:
        passed = sum(threads.map(once, range(quota + quota // 5)))
    engine.dispose()
    return passed


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
