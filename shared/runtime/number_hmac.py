"""Prints what platform tables know a number by, so that a person can block it or look it up.

    echo +237670000001 | python -m shared.runtime.number_hmac

The number comes by standard input, so that it stays in no shell's history; SECRETS_DIR holds
`number_key`. Exit code 0, or 1 with one line on standard error.
"""

import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from shared.domain.errors import InvalidRequest
from shared.domain.language import text
from shared.domain.phone import PhoneNumber


def main(environment: Mapping[str, str], given: TextIO) -> int:
    """Run the command; return its exit code."""
    try:
        number = PhoneNumber.parse(given.readline().strip())
        folder = Path(environment.get("SECRETS_DIR", "/etc/pay/secrets"))
        key = base64.b64decode((folder / "number_key").read_text("ascii").strip(), validate=True)
    except InvalidRequest as error:
        sys.stderr.write(f"{text(error.code, 'en')}\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f"number_key cannot be read: {type(error).__name__}\n")
        return 1
    sys.stdout.write(f"{number.keyed(key)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdin))
