"""Reads what each revision runs, once: a thousand schemas then cost their SQL and no Alembic.

A revision is data: its SQL, in which `{schema}` and `{account}` stand for the tenant's own. Alembic
keeps the order of the revisions and makes new ones; its proxies hold one run per process, and its
way through a single schema costs more than most revisions.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from shared.domain.account import Tenant

PLATFORM: Final = "platform"
TENANT: Final = "tenant"
INI: Final = Path(__file__).with_name("alembic.ini")


class NewerSchemaError(LookupError):
    """A schema stands at a revision that this code does not know."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a branch; each of `statements` may hold several, parted by semicolons."""

    id: str
    statements: tuple[str, ...]

    def sql(self, tenant: Tenant | None = None) -> tuple[str, ...]:
        """Return its SQL for one tenant; the platform's has nothing to fill in."""
        if tenant is None:
            return self.statements
        return tuple(
            each.replace("{schema}", tenant.schema).replace("{account}", tenant.account)
            for each in self.statements
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """All revisions of the platform or of a tenant, oldest first; there is at least one."""

    revisions: tuple[Revision, ...]

    @property
    def newest(self) -> str:
        """The revision that everything is brought to."""
        return self.revisions[-1].id

    def knows(self, revision: str) -> bool:
        """Whether this code has that revision."""
        return any(each.id == revision for each in self.revisions)

    def after(self, revision: str | None) -> tuple[Revision, ...]:
        """Return what a schema at `revision`, None when empty, lacks. Raises NewerSchemaError."""
        if revision is None:
            return self.revisions
        if not self.knows(revision):
            raise NewerSchemaError(f"migrated by newer code than this: {revision}")
        ids = [each.id for each in self.revisions]
        return self.revisions[ids.index(revision) + 1 :]


@cache
def load(branch: str, ini: Path = INI) -> Branch:
    """Read the revisions of PLATFORM or TENANT.

    Raises TypeError for a revision that is not data, and Alembic's CommandError where the revisions
    are no line.
    """
    scripts = ScriptDirectory.from_config(Config(ini))
    found = [*scripts.iterate_revisions(f"{branch}@head", "base")]
    return Branch(tuple(_read(script) for script in reversed(found)))


def _read(script: Script) -> Revision:
    statements = vars(script.module).get("STATEMENTS")
    is_data = isinstance(statements, tuple) and all(isinstance(each, str) for each in statements)
    if not isinstance(statements, tuple) or not is_data or hasattr(script.module, "upgrade"):
        raise TypeError(f"{script.revision} is no data: it needs STATEMENTS, a tuple of SQL, alone")
    return Revision(script.revision, statements)
