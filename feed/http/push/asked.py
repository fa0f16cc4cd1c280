"""What a producer asks for when it begins to push: the parameters of `/v1/ingest`.

Knows no body and no answer.
"""

import re
from dataclasses import dataclass

from aiohttp import hdrs, web

from feed.errors import InvalidParameter, shorten
from feed.http.callers import caller_of
from feed.hub.door import owner_of
from feed.ingest.desk import Entrance, Owner
from feed.market.applied import MAX_BATCH
from feed.sources.pushed.decoding import MEDIA_TYPES, Coding
from feed.trust.identity import Identity

PRODUCER_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
INGEST_PATH = "/v1/ingest"
PARAMETERS = ("source", "producer", "sequence", "wait")
DURABLE = "durable"
_PRODUCER = re.compile(PRODUCER_PATTERN)
_DIGITS = len(str(MAX_BATCH))


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters.

    Attributes:
        producer: its name; None: it has none, and its batches are applied as often as they come.
        number: of the one batch in the body; None: there may be many, or none is told.
        waits: whether the answer is to wait until a kill leaves the batch.
    """

    producer: str | None
    number: int | None
    waits: bool


def asked_of(request: web.Request, *, keeps: bool) -> Asked:
    """Read the parameters of a request.

    Args:
        request: whose.
        keeps: whether anything is durable here.

    Raises:
        InvalidParameter: one of them is not accepted.
    """
    query = request.query
    number = query.get("sequence")
    producer = producer_of(query.get("producer"))
    if number is not None and producer is None:
        raise InvalidParameter("producer", None, "a name, where there is a sequence")
    wait = query.get("wait")
    if wait is not None and (wait != DURABLE or not keeps):
        accepted = DURABLE if keeps else "nothing, since this server has no --state"
        raise InvalidParameter("wait", wait, accepted)
    return Asked(producer, None if number is None else number_of(number), wait is not None)


def producer_of(name: str | None) -> str | None:
    """Return the name of a producer; None: it has none.

    Raises:
        InvalidParameter: it is not accepted.
    """
    if name is not None and not _PRODUCER.fullmatch(name):
        accepted = "a name: 1 to 64 letters, digits, dots, underscores and dashes"
        raise InvalidParameter("producer", name, accepted)
    return name


def number_of(text: str) -> int:
    """Return the number of a batch.

    Raises:
        InvalidParameter: it is none.
    """
    is_number = text.isdecimal() and text.isascii() and len(text) <= _DIGITS
    if not is_number or not 1 <= int(text) <= MAX_BATCH:
        raise InvalidParameter("sequence", text, f"a whole number from 1 to {MAX_BATCH}")
    return int(text)


def coding_of(request: web.Request) -> Coding:
    """Return how the ticks of a body are written.

    Raises:
        HTTPUnsupportedMediaType: in a way that is not read.
    """
    coding = MEDIA_TYPES.get(request.content_type)
    if coding is None:
        told = shorten(request.headers.get(hdrs.CONTENT_TYPE))
        accepted = ", ".join(MEDIA_TYPES)
        raise web.HTTPUnsupportedMediaType(
            text=f"Content-Type: {told} is not read here; accepted: {accepted}",
            headers={hdrs.ACCEPT: accepted},
        )
    return coding


def owner_for(
    request: web.Request, identity: Identity, entrance: Entrance, producer: str | None
) -> Owner:
    """Return as what a producer counts in limits: by who it is, or whence, and its name."""
    return owner_of(identity, caller_of(request).place), entrance.name, producer
