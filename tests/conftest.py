"""Fixtures for all tests: a database is there for whoever names it, and starts for nobody else."""

pytest_plugins = ("tests.database", "tests.left_out", "tests.system", "tests.trials")
