"""Turns the two contracts, functions.yaml and openapi.yaml, into everything that is derived."""
