"""The running system's figures, as Prometheus asks for them: on the port no gateway leads to."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families as parse

from shared.domain.figure import FIGURES
from tests.system import HOST, LocalSystem

_UNLABELED = {name for name, figure in FIGURES.items() if not figure.labels}


def test_prometheus_finds_the_figures_of_a_running_system(local_system: LocalSystem) -> None:
    """They come from the database by a login of their own, with what the process counts beside."""
    address = f"http://{HOST}:{local_system.ports['export_metrics_metrics']}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        text = answer.read().decode()

    families = {family.name: family for family in parse(text)}

    assert set(FIGURES) <= set(families)
    [read] = families["figures_read"].samples
    assert read.value == 1
    logins = {sample.labels["login"] for sample in families["database_connections"].samples}
    assert {"pay_metrics", "pay_worker", "pay_app"} <= logins
    assert all(families[name].samples for name in _UNLABELED)
    wallets = families["float_balance_xaf"].samples
    assert {sample.labels["operator"] for sample in wallets} <= {"mtn", "orange"}
    assert local_system.credentials["account"] not in text
