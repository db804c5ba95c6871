"""Proofs; see README.md for what each folder proves."""

import os
from typing import Final

PRINTED_AT_THE_END: Final = "printed at the end"
"""A property of this name on a test is shown after the run, whichever process ran the test."""

# The suites start programs from processes that also talk gRPC. Its fork handlers, read once when
# it is imported, end such a child now and then (signal 6 or 11) before it becomes its program.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
