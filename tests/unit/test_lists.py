"""What a page of a list means, whatever the order in which its bounds are written."""

import pytest

from shared.operations.lists import Page


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ({"created[gte]": "100", "created[gt]": "5"}, (100, None)),
        ({"created[gt]": "100", "created[gte]": "5"}, (101, None)),
        ({"created[lt]": "5", "created[lte]": "100"}, (None, 5)),
        ({"created[lte]": "4", "created[lt]": "100"}, (None, 5)),
    ],
)
def test_of_two_bounds_on_one_side_the_narrower_holds(
    query: dict[str, str], bounds: tuple[int | None, int | None]
) -> None:
    """A second bound never lets in what the first one keeps out."""
    page = Page.parse(query, "ch")

    assert (page.created_from, page.created_until) == bounds
