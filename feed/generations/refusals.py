"""Refusals of an upstream: what an answer means that is none, and whether to ask again.

Whoever asked is told what the upstream says of their request, and nothing of whose the upstream is:
neither its address nor its key. Knows no socket and no clock.
"""

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import orjson

from feed.errors import HIDDEN, without_secrets
from feed.generations.model import ModelError, ModelFault

MAX_WORDS = 500  # of what an upstream says, told on

_WANTS_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
_OF_THE_KEY = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
}
_OF_THE_REQUEST = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_NO_MORE_MONEY = "insufficient_quota"  # comes with 429, and is of no use to wait for
_TOO_LONG = re.compile(r"context[ _](length|window|size)|maximum context|too (long|large|many tok)")
_UNKNOWN_MODEL = re.compile(r"\bmodel\b.*(not (found|exist|available)|unknown|no such|invalid)")
_NOT_FOUND_MODEL = re.compile(r"(not found|unknown|no such|invalid)\b.*\bmodel\b|model_not_found")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of an upstream that is no answer to the question.

    Attributes:
        status: of HTTP; 0: it was said within a stream.
        words: of the upstream, in one line; "": it says none.
        code: its code, or else its type.
        param: the field of the request that it is about.
        retry_after_s: when to ask again; None: it does not say.
    """

    status: int = 0
    words: str = ""
    code: str = ""
    param: str = ""
    retry_after_s: float | None = None

    @classmethod
    def of(
        cls,
        said: object,
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        wall_s: float = 0.0,
        key: str = "",
    ) -> Self:
        """Return what is said in an error body, of whatever shape.

        Args:
            said: the object; None: it is no JSON.
            status: of HTTP.
            headers: likewise.
            wall_s: the time of day, since the Unix epoch, for `Retry-After`.
            key: the secret that is never told on.
        """
        error = said.get("error", said) if isinstance(said, dict) else None
        if not isinstance(error, dict):
            error = {"message": error}
        detail = error.get("message") or error.get("detail") or ""
        words = detail if isinstance(detail, str) else orjson.dumps(detail, default=str).decode()
        return cls(
            status,
            _one_line(words.replace(key, HIDDEN) if key else words),
            str(error.get("code") or error.get("type") or ""),
            str(error.get("param") or ""),
            retry_after_s(headers or {}, wall_s),
        )

    @property
    def may_pass(self) -> bool:
        """Whether to ask again may help."""
        if self.code == _NO_MORE_MONEY or self.status == HTTPStatus.NOT_IMPLEMENTED:
            return False
        return self.status in _WANTS_PASS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_of_the_request(self) -> bool:
        """Whether the upstream does not accept something in the request."""
        return self.status in _OF_THE_REQUEST

    def mentions(self, field: str) -> bool:
        """Tell whether it is about a field of the request."""
        return field in self.param or field in self.words

    def error(self) -> ModelError:
        """Return what it means to whoever asked."""
        fault = self._fault()
        said = f": {self.words}" if self.words else ""
        status = None
        if fault is not ModelFault.UPSTREAM_STATUS:
            words = f"the upstream refuses it{said}"
        elif self.status in _OF_THE_KEY:
            words = f"the upstream does not let this server in (status {self.status})"
        elif HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            words = f"the upstream leads elsewhere (status {self.status}), where nobody follows"
        else:
            words = f"the upstream answers {self.status}{said}"
            passed_on = {*_OF_THE_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE}
            status = self.status if self.status in passed_on else None
        return ModelError(fault, words, status=status, retry_after_s=self.retry_after_s)

    def _fault(self) -> ModelFault:
        text = f"{self.code} {self.words}".lower()
        if self.status == HTTPStatus.TOO_MANY_REQUESTS or "rate_limit" in self.code:
            return ModelFault.RATE_LIMITED
        if self.status in {*_OF_THE_REQUEST, HTTPStatus.NOT_FOUND, 0}:
            if self.param == "model" or _UNKNOWN_MODEL.search(text):
                return ModelFault.UNKNOWN_MODEL
            if _NOT_FOUND_MODEL.search(text):
                return ModelFault.UNKNOWN_MODEL
        if self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ModelFault.TOO_LONG
        if self.status in {*_OF_THE_REQUEST, 0} and _TOO_LONG.search(text):
            return ModelFault.TOO_LONG
        return ModelFault.UPSTREAM_STATUS


def broken_off(refusal: Refusal) -> ModelError:
    """Return what an error within a stream means, whose status was 200."""
    error = refusal.error()
    if error.kind is not ModelFault.UPSTREAM_STATUS:
        return error
    said = f": {refusal.words}" if refusal.words else ""
    return ModelError(ModelFault.UPSTREAM_ANSWER, f"the upstream broke off its answer{said}")


def retry_after_s(headers: Mapping[str, str], wall_s: float) -> float | None:
    """Return in how many seconds to ask again, by `Retry-After` (RFC 9110 §10.2.3) or OpenAI's own.

    Args:
        headers: of an answer.
        wall_s: the time of day, since the Unix epoch.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        text = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            return float(text) * unit_s
    try:
        when = email.utils.parsedate_to_datetime(headers.get("Retry-After", ""))
        return max(0.0, when.timestamp() - wall_s)
    except (ValueError, TypeError, OverflowError):
        return None


def _one_line(words: str) -> str:
    """Return a text from outside in one line that may be shown."""
    line = re.sub(r"\s+", " ", without_secrets(words[: 2 * MAX_WORDS])).strip()
    shown = "".join(sign if sign.isprintable() else " " for sign in line)
    return shown if len(shown) <= MAX_WORDS else f"{shown[: MAX_WORDS - 1]}…"
