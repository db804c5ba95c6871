"""Fixtures for all tests: a database is there for whoever names it, and starts for nobody else."""

# In this order: a module is listed before those that import it.
pytest_plugins = (
    "tests.database",
    "tests.left_out",
    "tests.system",
    "tests.identity",
    "tests.trials",
    "tests.pooler",
    "tests.sharing",
)
