"""Looks for words of other merchants in what one was sent, has stored and can read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pypdfium2
import urllib3

_WORD: Final = re.compile(r"\w+")
_LISTS: Final = ("/v1/charges", "/v1/refunds", "/v1/payouts", "/v1/events", "/v1/audit_entries")
# What somebody asked for that is not there stands in its log of requests by its own words.
_OTHERS_WORDS: Final = {
    "platform.request_logs": "CASE status WHEN 404 THEN"
    " (to_jsonb(t) - 'path' - 'object_id')::text ELSE t::text END"
}
_OK: Final = 200
_MISSING: Final = 404

Place = tuple[str, str]
"""Where something was found, and its text."""


def strays(words: Iterable[str], places: Iterable[Place]) -> list[str]:
    """Each place that holds one of the words, as a whole word."""
    foreign = frozenset(words)
    return [
        f"{place} holds {word}"
        for place, text in places
        for word in sorted(foreign.intersection(_WORD.findall(text)))
    ]


def stored(connection: Any, schema: str, account: str) -> Iterator[Place]:
    """Every row of the account: those of its schema, and the platform's that carry its id."""
    tables = connection.run(
        """SELECT format('%I.%I', n.nspname, c.relname), EXISTS (SELECT FROM pg_attribute
             WHERE attrelid = c.oid AND attname = 'account_id' AND NOT attisdropped)
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname IN (:schema, 'platform') AND c.relkind IN ('r', 'p')""",
        schema=schema,
    )
    for table, is_ours in tables:
        if is_ours:
            text = _OTHERS_WORDS.get(table, "t::text")
            rows = connection.run(
                f"SELECT {text} FROM {table} t WHERE account_id = :account", account=account
            )
            yield from ((table, row[0]) for row in rows)


def readable(api: Mapping[str, str], words: Iterable[str]) -> Iterator[Place]:
    """All that the merchant's key can read; of others' charges each that is not plainly missing."""
    with urllib3.PoolManager(timeout=30, retries=False) as http:

        def read(path: str) -> urllib3.BaseHTTPResponse:
            headers = {"Authorization": f"Bearer {api['key']}"}
            return http.request("GET", api["url"] + path, headers=headers)

        for path in _LISTS:
            query, has_more = "?limit=100", True
            while has_more:
                answer = read(path + query)
                assert answer.status == _OK, (path, answer.status)
                page = answer.json()
                yield from ((path, json.dumps(each)) for each in page["data"])
                has_more = page["has_more"]
                query = f"?limit=100&starting_after={page['data'][-1]['id']}" if has_more else ""
        yield "/v1/balance", read("/v1/balance").data.decode()
        for word in words:
            if word.startswith("ch_"):
                answer = read(f"/v1/charges/{word}")
                if answer.status != _MISSING:
                    yield f"/v1/charges/… answered {answer.status} and", word


def text_of(document: bytes) -> str:
    """The text of every page, and the document's own description. One call at a time."""
    pages = pypdfium2.PdfDocument(document)
    texts = [page.get_textpage().get_text_bounded() for page in pages]
    described = str(pages.get_metadata_dict())
    pages.close()
    return "\n".join([*texts, described])
