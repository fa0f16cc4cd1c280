"""`POST /v1/admin/replay`: a replay is paused, sped up, and moved to another time.

Pages of other origins do not do it. Whoever did what is logged; subscribers are told when it takes
effect, which is between two lists of ticks.
"""

from http import HTTPStatus
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from feed.errors import InvalidParameter, InvalidTick
from feed.http.admin import log_action
from feed.http.answer_models import ReplayAnswer
from feed.http.answers import json_answer
from feed.http.bodies import small_body
from feed.http.problems import problem
from feed.http.server import Server
from feed.ingest.strand import Strand
from feed.sources.replay.event_time import rfc3339_ns
from feed.sources.source import Steerable
from feed.wire.json_codec import JSON
from feed.wire.rfc3339 import rfc3339
from feed.wire.validation import Strict, map_of, refusal, validate

MOST_BYTES = 1_024  # of the body; one has 80
_YEARS_PATTERN = r"^(19[7-9]\d|2[01]\d\d|22[0-5]\d)-"  # of which 63 bits of nanoseconds hold all


def _is_time(text: str) -> str:
    try:
        rfc3339_ns(text)
    except InvalidTick:
        raise refusal("a time such as 2026-01-02T14:30:00Z, UTC without a zone") from None
    return text


class ReplayOrder(Strict):
    """What a replay is to do; whatever is left out stays as it is."""

    # Something must be ordered, which is a rule over several fields.
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
                for name in ("paused", "speed", "seek")
            ]
        }
    )

    source: Annotated[
        str | None, Field(description="its name; needed where several sources are replays")
    ] = None
    paused: bool | None = None
    speed: Annotated[
        Annotated[float, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
        | Literal["max"]
        | None,
        Field(description="1 is the original pace; max is as fast as everybody reads"),
    ] = None
    seek: Annotated[
        str | None,
        AfterValidator(_is_time),
        Field(
            description="the time of the recording to go on from",
            json_schema_extra={"format": "date-time", "pattern": _YEARS_PATTERN},
        ),
    ] = None

    @classmethod
    def of(cls, document: object) -> Self:
        """Validate a decoded body.

        Raises:
            InvalidMessage: it is not a map of texts.
            InvalidParameter: a field of it is not accepted, or there is none.
        """
        fields = map_of(document, "paused")
        order = validate(cls, fields)
        if order.paused is None and order.speed is None and order.seek is None:
            raise InvalidParameter("paused", None, "some of paused, speed and seek")
        return order


async def replay(request: web.Request, server: Server) -> web.Response:
    """Steer a replay: `{"source","paused","speed","at"}`, as it will be.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidMessage, InvalidParameter: the body is not accepted.
    """
    server.origins.check_named(request)
    body = await small_body(request, server, most_bytes=MOST_BYTES, noun="the order")
    if isinstance(body, web.Response):
        return body
    order = ReplayOrder.of(JSON.decode(body))
    found = _chosen(server, order.source)
    if isinstance(found, web.Response):
        return found
    strand, source = found
    seek_ns = None if order.seek is None else rfc3339_ns(order.seek)
    server.ingest.steer(strand, source, paused=order.paused, speed=order.speed, seek_ns=seek_ns)
    log_action(
        request,
        "replay_steered",
        source=strand.name,
        **order.model_dump(include={"paused", "speed", "seek"}, exclude_none=True),
    )
    at_ns = source.market_ns if seek_ns is None else seek_ns
    answer: ReplayAnswer = {
        "source": strand.name,
        "paused": source.paused,
        "speed": source.speed,
        "at": None if at_ns is None else rfc3339(at_ns),
    }
    return json_answer(answer)


def _chosen(server: Server, name: str | None) -> tuple[Strand, Steerable] | web.Response:
    """Return the replay that is meant; a refusal where there is none, or it is not clear which."""
    replays = [
        (strand, side.source)
        for strand in server.ingest.strands
        for side in strand.sides
        if isinstance(side.source, Steerable) and not side.finished
    ]
    named = [each for each in replays if name in {None, each[0].name}]
    if len(named) == 1:
        return named[0]
    names = ", ".join(strand.name for strand, _ in replays)
    if named:
        raise InvalidParameter("source", name, f"one of {names}")
    if name is not None and replays:
        raise InvalidParameter("source", name, names)
    return problem(
        HTTPStatus.CONFLICT, "no source is a replay that goes on, so none can be steered"
    )
