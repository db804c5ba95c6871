"""The few answers that the gateway gives by itself, in our error shape, in French and English."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

# An id of the gateway's own: no function saw the request that could have made one. The header is
# written first, and the body repeats it.
_NEW_REQUEST_ID: Final = "req_%UNIQUE_ID%"
_REQUEST_ID: Final = "%RESP(REQUEST-ID)%"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What to say for one status."""

    status: int
    type: str
    code: str
    english: str
    french: str


_INVALID: Final = "invalid_request_error"
_AGAIN_ENGLISH: Final = "With the same idempotency key the request can safely be sent again."
_AGAIN_FRENCH: Final = "Avec la même clé d'idempotence, la requête peut être renvoyée sans risque."
_ANSWERS: Final = (
    _Answer(
        400,
        _INVALID,
        "request_invalid",
        "The request is not valid HTTP.",
        "La requête n'est pas du HTTP valide.",
    ),
    _Answer(
        404,
        _INVALID,
        "resource_missing",
        "There is nothing at this address.",
        "Il n'y a rien à cette adresse.",
    ),
    _Answer(
        405,
        _INVALID,
        "method_not_allowed",
        "This method is not allowed.",
        "Cette méthode n'est pas permise.",
    ),
    _Answer(
        408,
        _INVALID,
        "request_timeout",
        "The request took too long to arrive.",
        "La requête a mis trop de temps à arriver.",
    ),
    _Answer(
        413,
        _INVALID,
        "body_too_large",
        "The body is larger than 1 MiB.",
        "Le corps dépasse 1 Mio.",
    ),
    _Answer(
        431,
        _INVALID,
        "headers_too_large",
        "The headers are too large.",
        "Les en-têtes sont trop grands.",
    ),
    _Answer(
        501,
        _INVALID,
        "request_invalid",
        "The request is not valid HTTP.",
        "La requête n'est pas du HTTP valide.",
    ),
    _Answer(
        503,
        "api_error",
        "service_unavailable",
        f"The service cannot be reached. {_AGAIN_ENGLISH}",
        f"Le service est injoignable. {_AGAIN_FRENCH}",
    ),
    _Answer(
        504,
        "api_error",
        "gateway_timeout",
        f"The service did not answer in time. {_AGAIN_ENGLISH}",
        f"Le service n'a pas répondu à temps. {_AGAIN_FRENCH}",
    ),
)


def local_replies() -> Mapping[str, Any]:
    """Return Envoy's `local_reply_config`: per status French where asked for, else English."""
    return {"mappers": list(_mappers())}


def _mappers() -> Iterator[Mapping[str, Any]]:
    for answer in _ANSWERS:
        is_status = {
            "status_code_filter": {
                "comparison": {
                    "op": "EQ",
                    # Envoy lets a runtime override it, hence a key; we set none.
                    "value": {
                        "default_value": answer.status,
                        "runtime_key": f"unused.{answer.status}",
                    },
                }
            }
        }
        asks_for_french = {
            "header_filter": {
                "header": {
                    "name": "accept-language",
                    "string_match": {"prefix": "fr", "ignore_case": True},
                }
            }
        }
        both = {"and_filter": {"filters": [is_status, asks_for_french]}}
        yield _mapper(answer, both, "fr", answer.french)
        yield _mapper(answer, is_status, "en", answer.english)


def _mapper(
    answer: _Answer, matched: Mapping[str, Any], language: str, message: str
) -> Mapping[str, Any]:
    headers = {"Request-Id": _NEW_REQUEST_ID, "Content-Language": language}
    if answer.status == 503:  # noqa: PLR2004 - the one that heals by itself
        headers["Retry-After"] = "1"
    doc_url = f"${{BASE_URL}}/docs/errors#{answer.code}"
    return {
        "filter": matched,
        "headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in headers.items()
        ],
        "body_format_override": {
            "content_type": "application/json",
            "json_format": {
                "type": doc_url,
                "title": message,
                "status": "%RESPONSE_CODE%",
                "detail": message,
                "instance": _REQUEST_ID,
                "error": {
                    "type": answer.type,
                    "code": answer.code,
                    "message": message,
                    "doc_url": doc_url,
                    "request_id": _REQUEST_ID,
                },
            },
        },
    }
