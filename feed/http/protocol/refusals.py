"""What HTTP itself refuses, whatever the path: hosts, methods, codings and expectations.

Each is a question that a proxy in front might answer differently, so none of them is passed over.
"""

from http import HTTPStatus

from aiohttp import HttpVersion11, hdrs, web

from feed.http.protocol.hosts import Hosts, Refusal

_CONTINUE = "100-continue"
_CHUNKED = "chunked"
_IDENTITY = "identity"
INFLATES = frozenset({"/v1/ingest"})  # paths whose handlers inflate bodies, within a size


def refusal_of(request: web.BaseRequest, hosts: Hosts) -> Refusal | None:
    """Return the status and the words that refuse a request; None: a route may answer it."""
    return (
        hosts.refusal_of(request)
        or _refused_method(request)
        or _refused_coding(request)
        or _refused_expectation(request)
    )


def _refused_method(request: web.BaseRequest) -> Refusal | None:
    if request.method != hdrs.METH_CONNECT:
        return None
    return HTTPStatus.NOT_IMPLEMENTED, "CONNECT is for proxies, and this server is not one"


def _refused_coding(request: web.BaseRequest) -> Refusal | None:
    """Refuse bodies that are more than chunked: inflated, a few bytes are much work.

    But for those that their handler inflates, within a size.
    """
    headers = request.headers
    if hdrs.TRANSFER_ENCODING in headers:
        codings = headers[hdrs.TRANSFER_ENCODING].strip()
        if not codings:
            words = f"Transfer-Encoding is empty; accepted: {_CHUNKED}, or a Content-Length"
            return HTTPStatus.BAD_REQUEST, words
        if codings.lower() != _CHUNKED:
            words = f"Transfer-Encoding: {codings!r} is not spoken; accepted: {_CHUNKED}"
            return HTTPStatus.NOT_IMPLEMENTED, words
    if request.body_exists and request.path not in INFLATES:
        coding = ", ".join(headers.getall(hdrs.CONTENT_ENCODING, ()))
        if coding.strip().lower() not in {"", _IDENTITY}:
            words = f"Content-Encoding: {coding!r} is not taken; accepted: bodies as they are"
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words
    return None


def _refused_expectation(request: web.BaseRequest) -> Refusal | None:
    if request.version < HttpVersion11:  # to be ignored (RFC 9110 §10.1.1)
        return None
    expected = ", ".join(request.headers.getall(hdrs.EXPECT, ()))
    if not expected or expected.lower() == _CONTINUE:
        return None
    words = f"Expect: {expected!r} cannot be met; accepted: {_CONTINUE}"
    return HTTPStatus.EXPECTATION_FAILED, words
