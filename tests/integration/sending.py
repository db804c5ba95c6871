"""One process that sends all it may: prints when each of its turns came, by the machine's clock."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.db.breakers import Breakers
from shared.db.engine import make_engine
from shared.db.transaction import Database
from shared.domain.breaker import Circuit, Guarded
from shared.domain.phone import Operator
from shared.operations.gate import Gate

CIRCUIT = Circuit(Operator.MTN, "sending.example", Guarded.REQUEST_PAYMENT)
THREADS = 4
PAUSE_SECONDS = 0.002


def main(url: str, secrets_dir: str, operator_account: str) -> list[float]:
    """Say so when ready; then ask for turns by all threads between the two moments it is told."""
    engine = make_engine(url, secret_file=Path(secrets_dir) / "database_app", pool_size=THREADS)
    gate = Gate(
        Breakers(Database(engine)),
        threads=THREADS,
        monotonic=time.monotonic,
        on_change=lambda *_: None,
    )
    gate.standing(CIRCUIT)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    begins, ends = map(float, sys.stdin.readline().split())

    def press(_: int) -> list[float]:
        came = []
        while (now := time.time()) < ends:
            if now >= begins and gate.takes_turn(CIRCUIT, operator_account):
                came.append(time.time())
            else:
                time.sleep(PAUSE_SECONDS)
        return came

    with ThreadPoolExecutor(THREADS) as threads:
        came = [moment for each in threads.map(press, range(THREADS)) for moment in each]
    engine.dispose()
    return came


if __name__ == "__main__":
    sys.stdout.write(" ".join(map(str, main(*sys.argv[1:]))))
