"""The forms in which Orange refuses: its WSO2 gateway's faults, and its API's plain messages.

Faults: https://apim.docs.wso2.com (error handling, 900901 and 900902); XML in some set-ups, JSON in
others (https://github.com/karibu-cap/orange_money_apis_js). The rest: see the package.
"""

from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.answers import Refusal, json_response
from shared.simulator.faults import Fault

INVALID_CREDENTIALS: Final = 900901
MISSING_CREDENTIALS: Final = 900902
_UNAVAILABLE: Final = 303001
_NO_RESOURCE: Final = 404

_FAULTS: Final = {
    INVALID_CREDENTIALS: (
        "Invalid Credentials",
        "Invalid Credentials. Make sure you have given the correct access token",
    ),
    MISSING_CREDENTIALS: (
        "Missing Credentials",
        "Required OAuth credentials not provided. Make sure your API invocation call has a header",
    ),
    _UNAVAILABLE: ("Runtime Error", "Currently, Address endpoint is unavailable"),
    _NO_RESOURCE: ("Not Found", "The requested resource is not available."),
}


class GatewayFault(Refusal):
    """A refusal of WSO2 before Orange's API is reached."""

    def __init__(self, status: int, code: int, *, detail: str, form: str = "json") -> None:
        super().__init__(status, str(code), detail=detail)
        self._number = code
        self._form = form

    def response(self) -> Response:
        """`fault` with `code`, `message` and `description`, or the same as XML."""
        message, description = _FAULTS[self._number]
        if self._form == "xml":
            page = (
                '<ams:fault xmlns:ams="http://wso2.org/apimanager/security">'
                f"<ams:code>{self._number}</ams:code><ams:message>{message}</ams:message>"
                f"<ams:description>{description}</ams:description></ams:fault>"
            )
            return Response(page, self.status, content_type="application/xml; charset=UTF-8")
        fault = {"code": self._number, "message": message, "description": description}
        return json_response(self.status, {"fault": fault})


class ApiRefusal(Refusal):
    """A `message` alone. It is not logged: Orange's texts may name a number."""

    def __init__(self, status: int, message: str, *, detail: str) -> None:
        super().__init__(status, detail=detail)
        self._message = message

    def response(self) -> Response:
        """As clients read it; a 401 names its status in the body too."""
        body: dict[str, object] = {"message": self._message}
        if self.status == 401:  # noqa: PLR2004 - HTTP's word for unknown callers
            body = {"status": self.status, **body}
        return json_response(self.status, body)


class OrangeVoice:
    """Orange's words for what several operators can answer."""

    def error(self, status: int, code: str | None, *, detail: str) -> Refusal:
        """A message alone."""
        return ApiRefusal(status, code or "Internal Server Error", detail=detail)

    def gateway(self, fault: Fault, *, detail: str) -> Refusal:
        """JSON or XML. WSO2 says of an expired token what it says of a wrong one."""
        status = 401 if fault.kind == "token_expired" else fault.http_status
        form = fault.form or "json"
        return GatewayFault(status, INVALID_CREDENTIALS, detail=detail, form=form)


def bad_request(detail: str) -> Refusal:
    """400; the text of Orange's own is not known."""
    return ApiRefusal(400, f"Bad request: {detail}", detail=detail)


def invalid_pay_token() -> Refusal:
    """400 for what cannot be a payToken."""
    return ApiRefusal(400, "Invalid PayToken supplied", detail="malformed payToken")


def no_such_pay_token(product: str, *, detail: str = "unknown payToken") -> Refusal:
    """404 for a payToken that was never given to this caller."""
    return ApiRefusal(404, f"No {product} found for input pay token", detail=detail)


def used_pay_token(pay_token: str) -> Refusal:
    """422 for a payToken that has served."""
    text = f"A transaction was already initiated for this payToken: {pay_token}"
    return ApiRefusal(422, text, detail="payToken used before")


def unknown_caller() -> Refusal:
    """401 for a missing or wrong X-AUTH-TOKEN."""
    return ApiRefusal(401, "Unauthorized", detail="X-AUTH-TOKEN")


def no_such_operation() -> Refusal:
    """404 of the gateway."""
    return GatewayFault(404, _NO_RESOURCE, detail="no such operation")


def unavailable() -> Response:
    """503 of the gateway when what is behind it cannot be reached."""
    return GatewayFault(503, _UNAVAILABLE, detail="").response()
