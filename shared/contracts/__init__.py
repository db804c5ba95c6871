"""The contracts as files: YAML is written by hand, the rest is made of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

OPENAPI_FILES: Final[Mapping[str, Path]] = {
    "en": Path(__file__).with_name("openapi.json"),
    "fr": Path(__file__).with_name("openapi.fr.json"),
}
"""The contract as it is served, by language."""
FORMS_FILE: Final = Path(__file__).with_name("forms.json")
"""What the fields of forms are, by operation."""
