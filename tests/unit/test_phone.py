"""Our table of prefixes against Google's data on Cameroon, number by number."""

import phonenumbers
from phonenumbers import carrier

from shared.domain.phone import Operator, PhoneNumber

NAMES = {"MTN Cameroon": Operator.MTN, "Orange": Operator.ORANGE}


def test_every_range_agrees_with_the_published_data() -> None:
    """For each block of 10,000 numbers given out, our operator is the one in the data."""
    differing = {}
    seen = set()
    for block in range(60_000, 70_000):
        national = f"{block}1234"
        number = phonenumbers.PhoneNumber(country_code=237, national_number=int(national))
        # The carrier data takes numbers in that are not given out yet (643 to 649).
        is_given_out = phonenumbers.is_valid_number(number)
        name = carrier.name_for_valid_number(number, "en") if is_given_out else ""
        seen.add(name)
        ours = PhoneNumber.parse(national).operator
        if ours != NAMES.get(name):
            differing[national] = (ours, name)

    assert differing == {}
    assert NAMES.keys() <= seen
