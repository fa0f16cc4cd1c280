"""The ways in which somebody shows who they are, for both documents."""

from collections.abc import Mapping
from typing import Any

from feed.http.browsers import COOKIE, TICKET
from feed.http.scopes import Scope
from feed.trust.credentials import KEY_HEADER, SECRET_HEADER

Requirement = dict[str, list[str]]

_BASIC_WORDS = "the id of a key, and its secret"
_BEARER_WORDS = "`id.secret` of a key, or a JWT"
_COOKIE_WORDS = (
    "of the visit that `POST /v1/tickets` begins: it admits GETs, and other methods and WebSockets "
    "from allowed origins only"
)
_TICKET_WORDS = "of `POST /v1/tickets`, for one EventSource"

# As OpenAPI has them.
SCHEMES: Mapping[str, dict[str, Any]] = {
    "keyId": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "the id of a key, beside its secret",
    },
    "keySecret": {
        "type": "apiKey",
        "in": "header",
        "name": SECRET_HEADER,
        "description": "the secret of a key",
    },
    "basic": {"type": "http", "scheme": "basic", "description": _BASIC_WORDS},
    "bearer": {"type": "http", "scheme": "bearer", "description": _BEARER_WORDS},
    "visit": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": _COOKIE_WORDS},
    "ticket": {"type": "apiKey", "in": "query", "name": TICKET, "description": _TICKET_WORDS},
}
_REAL: list[Requirement] = [{"keyId": [], "keySecret": []}, {"basic": []}, {"bearer": []}]
_VISIT: Requirement = {"visit": []}
_TICKET: Requirement = {"ticket": []}
_NOTHING: Requirement = {}


def requirements(
    scope: Scope, *, required: bool, visits: bool = True, tickets: bool = False
) -> list[Requirement]:
    """Return what a route wants to be shown: any one of these.

    Args:
        scope: of the route.
        required: whether identities are configured; else whatever is shown is accepted.
        visits: whether the cookie of a visit is enough.
        tickets: whether a ticket in the query is.
    """
    if scope is Scope.OPEN:
        return []
    some = [*_REAL]
    if visits:
        some.append(_VISIT)
    if tickets:
        some.append(_TICKET)
    if scope is Scope.LOCAL or not required:
        some.insert(0, _NOTHING)
    return some


def schemes_of_messages() -> dict[str, dict[str, Any]]:
    """Return the same as AsyncAPI has them, where a key in a header is of another type."""
    schemes = {
        name: {**scheme, "type": "httpApiKey"} if scheme["type"] == "apiKey" else dict(scheme)
        for name, scheme in SCHEMES.items()
    }
    words = "by the message `auth`: a key and its secret, a token, or a ticket"
    schemes["auth"] = {"type": "userPassword", "description": words}
    return schemes
