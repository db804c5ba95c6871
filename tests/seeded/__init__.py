"""Bugs put in on purpose, one at a time: each must be caught by the tests that claim it."""
