"""What anyone may read of the API: its contract, a page to read it, and one about every error."""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from shared.contracts import OPENAPI_FILES
from shared.domain.errors import InvalidRequest, NotFound
from shared.runtime import documents, published
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.language_choice import LANGUAGES
from shared.runtime.published import Published, publish

VIEWER: Final = "flask_swagger_ui"
"""The package whose files are the viewer; nothing of it is ever imported."""
FILES: Final[Mapping[str, str]] = {
    "reference.css": "text/css; charset=utf-8",
    "reference.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
PAGES: Final = Path(__file__).parents[3] / "functions" / "read_payments" / "templates"

_VIEWERS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def read_openapi(call: Call) -> Answer:
    """GET /openapi.json, in English or French."""
    return published.answer(_openapi(_language(call)), call)


def read_errors(call: Call) -> Answer:
    """GET /docs/errors: every code with what it means and what to do."""
    return published.answer(_errors(_language(call)), call)


def read_reference(call: Call) -> Answer:
    """GET /docs: the whole API, in a packaged viewer."""
    return published.answer(_reference(_language(call)), call)


def read_reference_file(call: Call) -> Answer:
    """GET /docs/{file}: what that page loads. Raises NotFound for whatever it does not."""
    name = call.path_params["file"]
    if name not in FILES:
        raise NotFound("resource_missing", "file")
    return published.answer(_file(name), call)


HANDLERS: Final[Mapping[str, Handler]] = {
    "read_openapi": read_openapi,
    "read_errors": read_errors,
    "read_reference": read_reference,
    "read_reference_file": read_reference_file,
}


def _language(call: Call) -> str:
    """Return `lang` of the query, else the header's choice. Raises InvalidRequest."""
    query = call.query()
    for name in query.keys() - {"lang"}:
        raise InvalidRequest("parameter_unknown", name[:100])
    asked = query.get("lang", call.language)
    if asked not in LANGUAGES:
        raise InvalidRequest("parameter_invalid", "lang")
    return asked


@cache
def _openapi(language: str) -> Published:
    return publish(
        OPENAPI_FILES[language].read_bytes(),
        "application/json",
        varies=("Accept-Language",),
        headers={"Content-Language": language},
    )


@cache
def _errors(language: str) -> Published:
    from shared.domain.advice.catalogue import sections  # noqa: PLC0415 - read by people only

    _, style = documents.environment(PAGES)
    return _page("errors.html", language, documents.style_policy(style), sections(language))


@cache
def _reference(language: str) -> Published:
    return _page("reference.html", language, _VIEWERS_POLICY)


@cache
def _file(name: str) -> Published:
    ours = PAGES / name
    return publish((ours if ours.exists() else _viewer() / name).read_bytes(), FILES[name])


def _viewer() -> Path:
    """Return where the viewer's files lie, without importing what lies beside them."""
    found = find_spec(VIEWER)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{VIEWER} is not installed")
    return Path(found.origin).parent / "dist"


def _page(name: str, language: str, policy: str, sections: object = None) -> Published:
    environment, style = documents.environment(PAGES)
    html = environment.get_template(name).render(language=language, style=style, sections=sections)
    return publish(
        html.encode(),
        documents.PAGE_TYPE,
        varies=("Accept-Language",),
        headers={
            "Content-Language": language,
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
        },
    )
