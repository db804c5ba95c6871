"""The command line of merchants: `python -m shared.runtime.merchant`, or `make cli`."""
