"""The parameters of queries: what each means and accepts, for documents.

What all transports take is described where it is read (`feed.wire.requests`); the others here, in
one table. A route that lists another name is a `KeyError` with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feed.alerting.rule import FIRING_PATTERN, RULE_PATTERN
from feed.http.admin import LISTED, MOST_LISTED, MOST_NUMBER, Order
from feed.http.alerts.watching import DEFAULT_PAGE, MOST_PAGE
from feed.http.answers import DEFAULT_LIMIT, MAX_LIMIT
from feed.http.browsers import LAST_EVENT_ID_PARAMETERS, TICKET
from feed.http.contract.schemas import Schema
from feed.http.edge.hearing import EDGE_PATTERN
from feed.http.glance.asked import MOST_ROWS
from feed.http.glance.forms import MarketType
from feed.http.glance.screener import (
    ACTIVES_PATH,
    MOST_ACTIVES,
    MOST_MOVERS,
    MOVERS_PATH,
    SCREENED,
    USUAL,
)
from feed.http.push.asked import DURABLE, PRODUCER_PATTERN
from feed.ingest.timeframes import TIMEFRAMES
from feed.market.alert_words import OWNER_PATTERN
from feed.market.applied import MAX_BATCH
from feed.market.generation_words import ID_PATTERN
from feed.market.glance.glance import HEAT, MOST_HEAT, TOP, By
from feed.market.job_words import JOB_PATTERN
from feed.market.symbols import SYMBOL_PATTERN, TRADED_PATTERN
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.codec import CODECS
from feed.wire.requests import Channels, Request
from feed.wire.word_keys import ROOM_PATTERN, WORD_KEYS

_SOME = ["AAPL", "MSFT"]
_SWITCHES = {"snapshot", "marks", "compress"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query.

    Attributes:
        words: what it means.
        schema: what it accepts.
        example: a value.
        required: whether the request is refused without it.
    """

    words: str
    schema: Schema
    example: object = None
    required: bool = False

    def document(self, name: str) -> Schema:
        """Return it as OpenAPI has it."""
        document: Schema = {
            "name": name,
            "in": "query",
            "description": self.words,
            "required": self.required,
            "schema": self.schema,
        }
        if self.schema.get("type") == "array":
            document |= {"style": "form", "explode": name.endswith("[]")}
        if self.example is not None:
            document["example"] = self.example
        return document


def _symbols(words: str, example: object = None) -> Parameter:
    items = {"type": "string", "pattern": SYMBOL_PATTERN}
    return Parameter(words, {"type": "array", "items": items, "minItems": 1}, example)


def _channel(name: str) -> Parameter:
    return _symbols(f"symbols of the channel `{name}`, or `*` for all of them")


def _keys(channel: WordChannel) -> Parameter:
    keys = WORD_KEYS[channel]
    items = {"type": "string", "pattern": keys.pattern}
    words = f"of the channel `{channel}`: {keys.whose}"
    if not keys.own:
        words += "; `*` is not accepted, and names none of them elsewhere"
    return Parameter(words, {"type": "array", "items": items, "minItems": 1})


def _limit(most: int, usual: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return Parameter("how many there are in an answer at most", schema)


def _number(words: str, accepted: tuple[int, int], usual: int) -> Parameter:
    least, most = accepted
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": usual}
    return Parameter(words, schema, usual)


def _text(words: str, **more: Any) -> Parameter:  # noqa: ANN401 - JSON
    return Parameter(words, {"type": "string", **more})


def _options() -> dict[str, Parameter]:
    """Return what every transport takes, as its model describes it."""
    properties = Request.model_json_schema()["properties"]
    options = {}
    for name, field in Request.model_fields.items():
        if name in Channels.model_fields:
            continue
        schema = properties[name]["anyOf"][0]
        if name in _SWITCHES:
            schema = {"type": "string", "enum": ["1", "0", "true", "false"]}
        if name == "conflate":  # `quotes:250ms,trades:1s`
            interval = schema["additionalProperties"]["pattern"].removeprefix("^").removesuffix("$")
            channels = "|".join(schema["propertyNames"]["enum"])
            pattern = f"^(({channels}):{interval},?)*$"
            schema = {"type": "string", "pattern": pattern}
        options[name] = Parameter(field.description or "", schema)
    return options


# By name; where routes differ, by path and name as well.
_BY_NAME: Mapping[str, Parameter] = {
    **{name: _channel(name) for name in Channels.model_fields},
    **{channel.value: _keys(channel) for channel in WORD_CHANNELS},
    **_options(),
    "symbols": _symbols("short for the same trades and quotes", _SOME),
    "codec": _text("how ticks are encoded", enum=list(CODECS), default="json"),
    TICKET: _text("of an EventSource that can show nothing else; see `POST /v1/tickets`"),
    **{
        name: _text("`Last-Event-ID`, of polyfills that cannot set headers")
        for name in LAST_EVENT_ID_PARAMETERS
    },
    "symbol": Parameter(
        "one", {"type": "string", "pattern": TRADED_PATTERN}, "AAPL", required=True
    ),
    "timeframe": _text("how long a bar is", enum=list(TIMEFRAMES), default="1m"),
    "limit": _limit(MAX_LIMIT, DEFAULT_LIMIT),
    "query": _text("letters of a symbol, a name or a sector"),
    "class": _text("only those of this class, such as `crypto`"),
    "sector": _text("only those of this sector"),
    "source": _text("the name of a source that is pushed into; where there are several"),
    "producer": _text("who pushes: batches are numbered for each", pattern=PRODUCER_PATTERN),
    "sequence": Parameter(
        "the number of the batch, so that it is applied once however often it is sent",
        {"type": "integer", "minimum": 1, "maximum": MAX_BATCH},
    ),
    "wait": _text("answer only once a kill would leave the batch; with `--state`", enum=[DURABLE]),
    "asset_class": _text("only those of this class"),
    "exchange": _text("only those of this exchange"),
    "status": _text("only those of this status; all are `active`"),
    "name[]": Parameter("only these metrics", {"type": "array", "items": {"type": "string"}}),
    "identity": _text("only those of this identity: its name, or its id"),
    "order": _text("by age, or the worst first", enum=list(Order), default=Order.ID.value),
}
_ADMIN = "/v1/admin/connections"
_ROOMS, _JOBS, _ALERTS = (f"/v1/admin/{noun}" for noun in ("rooms", "jobs", "alerts"))
_NEXT = "the `next` of the page before"
_RESPONSE = "/v1/responses/{generation}"
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_ACTIVE = "what makes symbols active"
_BY_PATH: Mapping[tuple[str, str, str], Parameter] = {
    ("GET", "/v1/snapshot", "symbols"): _symbols("everything that is known of these", _SOME),
    ("GET", "/v1/market", "top"): _number("rows of each list", (1, MOST_ROWS), TOP),
    ("GET", "/v1/market", "by"): _text(_ACTIVE, enum=list(By), default=By.VOLUME.value),
    ("GET", ACTIVES_PATH, "top"): _number("how many at most", (1, MOST_ACTIVES), USUAL),
    ("GET", ACTIVES_PATH, "by"): _text(_ACTIVE, enum=list(SCREENED), default=By.VOLUME.value),
    ("GET", MOVERS_PATH, "top"): _number("how many of each at most", (1, MOST_MOVERS), USUAL),
    ("GET", "/v1/market", "heat"): _number(
        "rows over all sectors, of those that are traded for most", (0, MOST_HEAT), HEAT
    ),
    ("GET", "/v1/alerts", "limit"): _limit(MOST_PAGE, DEFAULT_PAGE),
    ("GET", "/v1/alerts", "after"): _text("only rules after this one", pattern=RULE_PATTERN),
    ("GET", _ADMIN, "limit"): _limit(MOST_LISTED, LISTED),
    ("GET", _ADMIN, "after"): Parameter(
        f"{_NEXT}; only in the order of ids",
        {"type": "integer", "minimum": 0, "maximum": MOST_NUMBER},
    ),
    **{("GET", path, "limit"): _limit(MOST_LISTED, LISTED) for path in (_ROOMS, _JOBS, _ALERTS)},
    ("GET", _ROOMS, "after"): _text(_NEXT, pattern=ROOM_PATTERN),
    ("GET", _JOBS, "after"): _text(_NEXT, pattern=JOB_PATTERN),
    ("GET", _ALERTS, "after"): _text(_NEXT, pattern=OWNER_PATTERN),
    ("GET", "/v1/rooms/{room}/messages", "before"): _text(
        "the id of a message: those before it are answered"
    ),
    ("DELETE", "/v1/rooms/{room}/presence", "name"): _text("what you call yourself there"),
    ("GET", _RESPONSE, "stream"): _text("whether as a stream", enum=["true", "false", "1", "0"]),
    ("GET", _RESPONSE, "starting_after"): Parameter(
        "the `sequence_number` of the last event that was read; the stream begins behind it",
        _NUMBER,
    ),
    ("GET", _RESPONSE, "include"): _text("of OpenAI's API; it is ignored"),
    ("GET", _RESPONSE, "include_obfuscation"): _text("of OpenAI's API; it is ignored"),
    ("GET", "/api/chat/{conversation}/stream", "after"): Parameter(
        "the id of the last event that was read; the stream begins behind it", _NUMBER
    ),
    ("DELETE", _ADMIN, "identity"): Parameter(
        "its name, or its id", {"type": "string", "minLength": 1}, "desk", required=True
    ),
}
# In paths.
_OF_PATHS: Mapping[str, Parameter] = {
    "producer": _text("the name of a producer", pattern=PRODUCER_PATTERN),
    "generation": _text("the id of an answer", pattern=ID_PATTERN),
    "rule": _text("the id of a rule", pattern=RULE_PATTERN),
    "alert": _text("the id of a firing", pattern=FIRING_PATTERN),
    "job": _text("the id of a job", pattern=JOB_PATTERN),
    "room": _text("the name of a room", pattern=ROOM_PATTERN),
    "message": _text("the id of a message"),
    "edge": _text("the name of an edge, another one in each process", pattern=EDGE_PATTERN),
    "conversation": _text("the page's own id of a conversation, or the id of an answer"),
    "market_type": _text("which market", enum=list(MarketType)),
    "id": Parameter(
        "of a connection, as it was told it",
        {"type": "integer", "minimum": 1, "maximum": MOST_NUMBER},
    ),
}


def parameter_of(method: str, path: str, name: str) -> Parameter:
    """Return a parameter of a route's query."""
    return _BY_PATH.get((method, path, name)) or _BY_NAME[name]


def path_parameter(name: str, accepted: Mapping[str, tuple[str, ...]]) -> Schema:
    """Return a parameter in a path; `accepted` are the places of the dialect's paths."""
    if name in accepted:
        schema: Schema = {"type": "string", "enum": list(accepted[name])}
        words = "all of them are the same market here"
    else:
        schema, words = _OF_PATHS[name].schema, _OF_PATHS[name].words
    return {"name": name, "in": "path", "required": True, "description": words, "schema": schema}
