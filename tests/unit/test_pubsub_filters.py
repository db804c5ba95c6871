"""The filter language of the local Pub/Sub server."""

import pytest

from knative.local.pubsub.errors import InvalidArgumentError
from knative.local.pubsub.filters import compile_filter

ATTRIBUTES = {
    "livemode": "true",
    "type": "charge.created",
    "iana.org/tag": "fr",
    "empty": "",
    "hex": "abcéd",
}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("   ", True),
        ('attributes.livemode = "true"', True),
        ('attributes.livemode="false"', False),
        ('attributes.missing = ""', False),
        ('attributes.empty = ""', True),
        ('attributes.livemode != "false"', True),
        ('attributes.livemode != "true"', False),
        ('attributes.missing != "x"', True),
        ("attributes:livemode", True),
        ("attributes:missing", False),
        ('attributes:"iana.org/tag"', True),
        ('attributes."iana.org/tag" = "fr"', True),
        ('hasPrefix(attributes.type, "charge.")', True),
        ('hasPrefix(attributes.type,"refund")', False),
        ('hasPrefix(attributes.missing, "")', False),
        ("NOT attributes:missing", True),
        ("-attributes:livemode", False),
        ('NOT hasPrefix(attributes.type, "x")', True),
        ('attributes.livemode = "true" AND attributes:type', True),
        ("attributes:livemode AND attributes:missing AND attributes:type", False),
        ("attributes:missing OR attributes:type", True),
        ("NOT attributes:missing AND attributes:type", True),
        ("attributes:missing AND (attributes:type OR attributes:livemode)", False),
        ("(attributes:missing AND attributes:type) OR attributes:livemode", True),
        ("NOT (attributes:missing OR attributes:gone)", True),
        ("((attributes:type))", True),
        ("attributes:AND", False),
        (r'attributes.type = "\u0063harge.created"', True),
        (r'attributes.type = "\x63harge\056created"', True),
        (r'hasPrefix(attributes."iana.org/tag", "\x66r")', True),
        (r'attributes.hex = "\x61bc\u00e9d"', True),
        (r'attributes.type = "\"\\"', False),
    ],
)
def test_filter_selects_by_attributes(text: str, *, passes: bool) -> None:
    """A filter passes exactly the messages that Google's grammar says."""
    assert compile_filter(text)(ATTRIBUTES) is passes


@pytest.mark.parametrize(
    "text",
    [
        "attributes",
        "attributes.",
        "attributes.a",
        "attributes.a = b",
        "attributes.a == 'b'",
        "attributes.a = 'b'",
        'attributes.a = "b',
        'attributes.a = "\\q"',
        'attributes.a > "b"',
        'attribute.a = "b"',
        'data = "x"',
        "attributes:a and attributes:b",
        "attributes:a AND",
        "AND attributes:a",
        "attributes:a attributes:b",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a OR attributes:b AND attributes:c",
        "NOT",
        "NOT NOT attributes:a",
        "(attributes:a",
        "attributes:a)",
        "hasPrefix(attributes.a)",
        'hasPrefix("a", attributes.a)',
        'hasSuffix(attributes.a, "b")',
        'attributes.a = "b" /* no */',
        "(" * 200 + "attributes:a",
        'attributes.a = "' + "x" * 241 + '"',
    ],
)
def test_invalid_filter_is_refused(text: str) -> None:
    """What is no filter is refused instead of passing or stopping everything."""
    with pytest.raises(InvalidArgumentError):
        compile_filter(text)


def test_longest_filter_is_accepted() -> None:
    """256 bytes are the limit, not below it."""
    value = "x" * (256 - len('attributes.a = ""'))
    assert compile_filter(f'attributes.a = "{value}"')({"a": value})
