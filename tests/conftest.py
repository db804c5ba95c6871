"""Fixtures for all tests: a database is there for whoever names it, and starts for nobody else."""

from hypothesis import settings

# In this order: a module is listed before those that import it.
pytest_plugins = (
    "tests.database",
    "tests.browser",
    "tests.left_out",
    "tests.system",
    "tests.identity",
    "tests.trials",
    "tests.pooler",
    "tests.sharing",
)

# Properties are held, not times: a busy machine would fail them.
settings.register_profile("without haste", settings.default, deadline=None)
settings.load_profile("without haste")
