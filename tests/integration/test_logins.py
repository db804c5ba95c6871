"""An environment's first secrets: logins of a server where nobody of ours is the superuser."""

import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from pg8000.exceptions import DatabaseError

from knative.local.postgres import Postgres, connect, start_postgres
from knative.local.secret_files import write_private
from knative.logins import LOGINS, main, write_environment
from shared.db.engine import make_engine
from shared.db.migrate import migrate

OWNER_PASSWORD: Final = "as the cloud was told"


@dataclass(frozen=True, slots=True)
class Cloud:
    """A server as a cloud gives it out, and the folder of its first secrets."""

    postgres: Postgres
    folder: Path

    def run_logins(self) -> None:
        """Run the file as the owner, by psql, as the instructions say."""
        psql = self.postgres.cluster.binaries / "psql"
        owner = f"host={self.postgres.host} port={self.postgres.port} user=pay_owner dbname=pay"
        done = subprocess.run(  # noqa: S603 - our own words
            [psql, owner, "--no-psqlrc", "--quiet", "--file", self.folder / "logins.sql"],
            env={"PGPASSWORD": OWNER_PASSWORD},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def password(self, secret: str) -> str:
        """What stands in a secret behind the role's name."""
        return (self.folder / secret).read_text().strip().partition(":")[2]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An owner who may make roles and databases, her database, and what was written for her."""
    postgres = start_postgres(tmp_path_factory.mktemp("postgres"))
    with connect(port=postgres.port, password=postgres.password) as superuser:
        superuser.run(
            f"CREATE ROLE pay_owner LOGIN CREATEROLE CREATEDB PASSWORD '{OWNER_PASSWORD}'"
        )
        superuser.run("CREATE DATABASE pay OWNER pay_owner")
    cloud = Cloud(postgres, tmp_path_factory.mktemp("environment") / "secrets")
    write_environment(cloud.folder)
    cloud.run_logins()
    yield cloud
    postgres.remove()


def test_each_login_enters_with_its_secret_and_only_where_it_belongs(cloud: Cloud) -> None:
    """By its password, though the server was told none; the stand-in's sees nothing of ours."""
    enter = partial(connect, port=cloud.postgres.port)
    for login in LOGINS:
        own = "simulator" if login.role == "pay_simulator" else "pay"
        other = "pay" if own == "simulator" else "simulator"
        password = cloud.password(login.secret)
        with enter(user=login.role, password=password, database=own) as connection:
            [[role, most]] = connection.run("SELECT user, current_setting('transaction_timeout')")
            assert (role, most) == (login.role, "5s")
        for wrong, database in ((password, other), ("another", own)):
            with (
                pytest.raises(DatabaseError),
                enter(user=login.role, password=wrong, database=database),
            ):
                pass


def test_the_owner_brings_it_to_the_newest_release(cloud: Cloud) -> None:
    """What was made is all that migrations need, with no superuser anywhere."""
    write_private(cloud.folder / "database_owner", f"pay_owner:{OWNER_PASSWORD}\n")
    owner = make_engine(
        cloud.postgres.url("pay"), secret_file=cloud.folder / "database_owner", pool_size=1
    )
    assert not migrate(owner).failed
    owner.dispose()


def test_repeating_it_changes_nothing(cloud: Cloud) -> None:
    """Neither the files, nor what is at the server: who was in stays in."""
    before = {each.name: each.read_bytes() for each in cloud.folder.iterdir()}
    write_environment(cloud.folder)
    cloud.run_logins()

    assert {each.name: each.read_bytes() for each in cloud.folder.iterdir()} == before
    test_each_login_enters_with_its_secret_and_only_where_it_belongs(cloud)


def test_a_password_that_was_written_anew_is_the_one_that_counts(cloud: Cloud) -> None:
    """The server and the pooler learn of it; the one before opens nothing any more."""
    before = cloud.password("database_metrics")
    write_private(cloud.folder / "database_metrics", "pay_metrics:changed because it leaked\n")
    write_environment(cloud.folder)
    cloud.run_logins()

    test_each_login_enters_with_its_secret_and_only_where_it_belongs(cloud)
    with (
        pytest.raises(DatabaseError),
        connect(port=cloud.postgres.port, user="pay_metrics", password=before, database="pay"),
    ):
        pass


def test_no_password_stands_where_others_look(cloud: Cloud) -> None:
    """SQL goes into histories and logs, users into a pooler; the files are their owner's alone."""
    shown = (cloud.folder / "logins.sql").read_text() + (cloud.folder / "pooler_users").read_text()

    assert not [login for login in LOGINS if cloud.password(login.secret) in shown]
    assert {stat.S_IMODE(each.stat().st_mode) for each in cloud.folder.iterdir()} == {0o600}


def test_it_says_what_others_must_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the store, the mail server and Keycloak give out is named; nothing is made up for it."""
    monkeypatch.setattr("sys.argv", ["logins", str(tmp_path / "secrets")])

    assert main() == 0
    said = capsys.readouterr().out.splitlines()[-1].partition(": ")[2].split(", ")
    assert {"database_owner", "keycloak_administration", "s3_credentials", "smtp"} <= set(said)
    assert not {"api_key_pepper", "database_app", "number_key"} & set(said)
