"""Proofs; see README.md for what each folder proves."""

from typing import Final

PRINTED_AT_THE_END: Final = "printed at the end"
"""A property of this name on a test is shown after the run, whichever process ran the test."""
