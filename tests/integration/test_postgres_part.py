"""The local PostgreSQL: real, private, durable, gone with its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pg8000.exceptions import DatabaseError, InterfaceError

from knative.local import cluster
from knative.local.cluster import PostgresError
from knative.local.postgres import (
    Postgres,
    Server,
    connect,
    prepare_databases,
    prepare_server,
    start_postgres,
)
from tests.system import ROOT, data_folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder for this file."""
    with data_folder() as path:
        yield path


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Postgres]:
    """A server with the roles and databases, made twice over."""
    server = start_postgres(folder)
    prepare_databases(server, folder / "secrets")
    prepare_databases(server, folder / "secrets")
    yield server
    server.remove()


def _password(folder: Path, secret: str) -> str:
    return (folder / "secrets" / secret).read_text().strip().partition(":")[2]


def test_it_listens_on_loopback_alone_and_leaves_no_socket_file(postgres: Postgres) -> None:
    """Nobody reaches it from outside or past a password."""
    doors = psutil.Process(postgres.process.pid).net_connections("all")

    assert {door.laddr for door in doors if door.status == psutil.CONN_LISTEN} == {
        ("127.0.0.1", postgres.port)
    }
    assert not list(Path("/tmp").glob(f".s.PGSQL.{postgres.port}*"))  # noqa: S108 - its default


def test_it_never_runs_as_root(postgres: Postgres) -> None:
    """Whoever starts the system, the database server has no rights beyond its folder."""
    assert psutil.Process(postgres.process.pid).uids().real != 0
    assert postgres.cluster.data.stat().st_mode & 0o077 == 0


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    """No role is let in on trust."""
    with (
        pytest.raises((DatabaseError, InterfaceError), match="password"),
        connect(port=postgres.port, password="wrong"),
    ):
        pass


def test_repeating_the_preparation_keeps_passwords(postgres: Postgres, folder: Path) -> None:
    """Each secret is made once, private, and opens the role it names."""
    before = {p.name: p.read_text() for p in (folder / "secrets").glob("database_*")}
    prepare_databases(postgres, folder / "secrets")

    assert before == {p.name: p.read_text() for p in (folder / "secrets").glob("database_*")}
    assert len(before) == 5
    for path in (folder / "secrets").glob("database_*"):
        user, _, password = path.read_text().strip().partition(":")
        database = "simulator" if user == "pay_simulator" else "pay"
        assert path.stat().st_mode & 0o777 == 0o600
        with connect(
            port=postgres.port, user=user, password=password, database=database
        ) as connection:
            assert connection.run("SELECT current_user") == [[user]]


def test_the_owner_grants_tenant_roles_which_the_app_reaches_only_by_set_role(
    postgres: Postgres, folder: Path
) -> None:
    """PostgreSQL 16's rules let pay_owner hand out what it made; pay_app inherits nothing."""
    with connect(
        port=postgres.port,
        user="pay_owner",
        password=_password(folder, "database_owner"),
        database="pay",
    ) as owner:
        for statement in (
            "CREATE SCHEMA t_one",
            "CREATE ROLE t_one",
            "CREATE TABLE t_one.charges (id int)",
            "GRANT USAGE ON SCHEMA t_one TO t_one",
            "GRANT SELECT ON t_one.charges TO t_one",
            "GRANT t_one TO pay_app WITH INHERIT FALSE, SET TRUE",
        ):
            owner.run(statement)
        with pytest.raises(DatabaseError, match="permission denied"):
            owner.run("ALTER ROLE pay_app PASSWORD 'mine'")
    with connect(
        port=postgres.port,
        user="pay_app",
        password=_password(folder, "database_app"),
        database="pay",
    ) as app:
        with pytest.raises(DatabaseError, match="permission denied"):
            app.run("SELECT * FROM t_one.charges")
        app.run("SET ROLE t_one")
        assert app.run("SELECT count(*) FROM t_one.charges") == [[0]]


@pytest.mark.parametrize("database", ["postgres", "pay"])
def test_the_simulator_enters_no_database_but_its_own(
    postgres: Postgres, folder: Path, database: str
) -> None:
    """The stand-in operator cannot look into the books."""
    password = _password(folder, "database_simulator")
    with (
        pytest.raises((DatabaseError, InterfaceError), match="permission denied"),
        connect(port=postgres.port, user="pay_simulator", password=password, database=database),
    ):
        pass


def test_a_server_named_by_url_is_prepared_in_the_same_way(
    postgres: Postgres, folder: Path, tmp_path: Path
) -> None:
    """DATABASE_URL replaces our server: its logins work, its own databases are left alone."""
    with connect(port=postgres.port, password=postgres.password) as connection:
        connection.run("CREATE ROLE visitor LOGIN SUPERUSER PASSWORD 'p@ss/word'")
        connection.run("CREATE DATABASE theirs OWNER visitor")
    server = Server.from_url(f"postgresql://visitor:p%40ss%2Fword@127.0.0.1:{postgres.port}/theirs")
    secrets_dir = tmp_path / "secrets"
    prepare_server(server, secrets_dir)

    user, _, password = (secrets_dir / "database_app").read_text().strip().partition(":")
    with connect(port=server.port, user=user, password=password, database="pay") as connection:
        assert connection.run("SELECT current_user") == [["pay_app"]]
    prepare_databases(postgres, folder / "secrets")


@pytest.mark.parametrize("url", ["mysql://a:b@h/d", "postgresql://h/d", "postgresql://a:b@h:x/d"])
def test_a_malformed_database_url_is_refused(url: str) -> None:
    """One sentence, which repeats no password."""
    with pytest.raises(PostgresError, match="DATABASE_URL is postgresql://"):
        Server.from_url(url)


def test_a_failed_statement_leaves_no_data_in_the_log(postgres: Postgres) -> None:
    """A number in a refused row reaches no log line."""
    with connect(port=postgres.port, password=postgres.password) as connection:
        connection.run("CREATE TABLE payers (phone text PRIMARY KEY)")
        connection.run("INSERT INTO payers VALUES ('237677123456')")
        with pytest.raises(DatabaseError, match="duplicate"):
            connection.run("INSERT INTO payers VALUES ('237677123456')")

    log = postgres.cluster.log.read_text()
    assert "duplicate key" in log
    assert "677123456" not in log


def test_committed_data_survive_kill_9() -> None:
    """What was committed is there, also where a stranger got the killed server's number since."""
    with data_folder() as folder:
        first = start_postgres(folder)
        with connect(port=first.port, password=first.password) as connection:
            connection.run("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
        lock = first.cluster.data / "postmaster.pid"
        with subprocess.Popen(["/bin/sleep", "60"], user=first.cluster.uid) as stranger:
            lock.write_text(lock.read_text().replace(f"{first.process.pid}\n", f"{stranger.pid}\n"))
            second = start_postgres(folder)
            stranger.kill()
        with connect(port=second.port, password=second.password) as connection:
            found = connection.run("SELECT answer FROM kept")
        second.remove()

    assert found == [[42]]


def test_it_dies_with_the_process_that_started_it() -> None:
    """A killed starter leaves no server behind, and its data can be served again."""
    program = (
        "import sys, time; from pathlib import Path;"
        "from knative.local.postgres import start_postgres;"
        "print(start_postgres(Path(sys.argv[1])).process.pid, flush=True); time.sleep(60)"
    )
    with data_folder() as folder:
        starter = subprocess.Popen(  # noqa: S603 - this interpreter, words above
            [sys.executable, "-c", program, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert starter.stdout is not None
        server = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
        starter.wait(5)
        starter.stdout.close()
        gone, _ = psutil.wait_procs([server], timeout=5)
        start_postgres(folder).remove()

    assert gone == [server]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_a_closed_parent_folder_stays_closed(tmp_path: Path) -> None:
    """In a private home the cluster lies elsewhere, in a private folder that is written down."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    server = start_postgres(home / "data")
    place = Path((home / "data" / "postgres_location").read_text().strip())
    modes = home.stat().st_mode & 0o777, place.stat().st_mode & 0o777
    server.remove()

    assert modes == (0o700, 0o700)
    assert server.cluster.data == place / "data"
    assert not place.exists()


def test_a_server_on_the_same_folder_is_refused(
    postgres: Postgres, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers never share one cluster; the first stays unharmed."""
    monkeypatch.setattr(cluster, "_LEFTOVER_SECONDS", 0.2)
    with pytest.raises(PostgresError, match="still runs on"):
        start_postgres(folder)

    with connect(port=postgres.port, password=postgres.password) as connection:
        assert connection.run("SELECT 1") == [[1]]
