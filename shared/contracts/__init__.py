"""The contracts as files: openapi.yaml and functions.yaml are written by hand, the rest is made."""

from pathlib import Path
from typing import Final

OPENAPI_FILE: Final = Path(__file__).with_name("openapi.json")
