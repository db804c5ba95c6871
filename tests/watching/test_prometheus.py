"""A real Prometheus beside a running system: it finds the figures, keeps the rules, and rings."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from knative.local.postgres import connect
from knative.local.programs import free_port
from shared.domain.figure import FIGURES
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.get_promtool import tool
from tests.rule_files import dashboards, expressions, groups, names_in
from tests.system import HOST, LocalSystem

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_SECONDS: Final = 60
LETTER: Final = """
INSERT INTO platform.dead_letters (id, topic, subscription, event_id)
VALUES ('dl_watching', 'charge-created', 'submit_charge--charge-created--live', 'evt_watching')"""


class Prometheus:
    """One that asks each second."""

    def __init__(self, port: int) -> None:
        self._address = f"http://{HOST}:{port}"

    def ask(self, path: str, **query: str) -> Any:
        """The answer of its API, nothing while it starts."""
        address = f"{self._address}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own
                return json.loads(answer.read())["data"]
        except OSError:
            return {}

    def query(self, expression: str) -> list[Any]:
        """The values of an expression now."""
        found: list[Any] = self.ask("/api/v1/query", query=expression).get("result", [])
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules with how they are."""
        found = self.ask("/api/v1/rules").get("groups", [])
        return [rule for group in found for rule in group["rules"]]

    def state(self, alarm: str) -> str:
        """How an alarm stands."""
        return next((each["state"] for each in self.rules() if each["name"] == alarm), "unknown")


def _until(what: str, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture(scope="module")
def prometheus(
    local_system: LocalSystem, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """It asks every function of the system, and has our rules, looked at each second."""
    program = tool("prometheus")
    if program is None:
        pytest.skip("left out: no Prometheus; `make observability` fetches it")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    hasty = [each | {"interval": "1s"} for name in ("records", "alarms") for each in groups(name)]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": hasty}), "utf-8")
    ports = [port for name, port in local_system.ports.items() if name.endswith("_metrics")]
    scrape = {
        "job_name": "functions",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"{HOST}:{port}" for port in ports]}],
    }
    config = {"rule_files": ["rules.yaml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    port = free_port()
    words = (
        str(program),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=error",
    )
    running = subprocess.Popen(words, cwd=folder)  # noqa: S603 - Prometheus' own program
    try:
        found = Prometheus(port)
        _until("Prometheus found no figures", lambda: found.query("figures_read == 1"))
        yield found
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """Somebody who takes charges, so that there is something to tell of."""
    with open_merchant(local_system, "Boutique Veillée") as ready:
        yield ready


def test_every_rule_can_be_looked_at(prometheus: Prometheus) -> None:
    """None breaks on what a real system tells, and in good health none of money's rings."""
    _until(
        "a rule was not looked at",
        lambda: prometheus.rules() and all(r["health"] == "ok" for r in prometheus.rules()),
    )

    assert prometheus.state("Watchdog") == "firing"
    # Before it had asked once, nothing was read: that is over by its next look.
    for alarm in ("FiguresNotRead", "BooksDoNotBalance", "MoneyOutStopped", "ClockDiffers"):
        _until(alarm, lambda name=alarm: prometheus.state(name) == "inactive")  # type: ignore[misc]  # of a name


def test_pictures_show_what_a_running_system_tells(prometheus: Prometheus) -> None:
    """Each query on figures that are always told has an answer."""
    always = {name for name, figure in FIGURES.items() if not figure.labels}
    asked = [q for board in dashboards().values() for q in expressions(board)]
    shown = [query for query in asked if names_in(query) <= always]

    assert len(shown) > 5
    for query in shown:
        assert prometheus.query(query), query


def test_a_dead_letter_begins_to_ring(
    prometheus: Prometheus, local_system: LocalSystem, merchant: Merchant
) -> None:
    """From a row of the database to an alarm, by all that lies between."""
    password = (local_system.data_dir / "postgres_superuser").read_text("utf-8").strip()
    port = local_system.ports["postgres"]
    with connect(port=port, password=password, database="pay") as connection:
        connection.run(LETTER)
        _until(
            "no alarm for a dead letter",
            lambda: prometheus.state("DeadLetterOfMoney") in {"pending", "firing"},
        )
        connection.run("DELETE FROM platform.dead_letters WHERE id = 'dl_watching'")

    _until("it rings on", lambda: prometheus.state("DeadLetterOfMoney") == "inactive")
    [found] = prometheus.query('max by (state) (accounts{state="active"})')
    assert int(found["value"][1]) >= 1
    assert merchant.account not in json.dumps(prometheus.query('{__name__=~".+"}'))
