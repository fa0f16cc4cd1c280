"""The tables of the documents, each made from where the code has it.

A document names a table in a comment, and Cog writes it there:

    <!-- [[[cog cog.out(tables.metrics()) ]]] -->
    <!-- [[[end]]] -->

Words that no program needs stand here, each in a map by what it explains: a new kind of tick
without words is a `KeyError` with its name.
"""

import asyncio
import importlib
from dataclasses import fields
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic.fields import FieldInfo

from feed.http.app import make_app
from feed.market.ticks import (
    CHANNEL_OF_KIND,
    Bar,
    ConflatedTrade,
    Kind,
    Quote,
    Status,
    Tick,
    Trade,
)
from feed.program.make_source import make_source
from feed.settings.load import option_name
from feed.settings.options import ENV_PREFIX, Accepts, Settings
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.letters import fields_of
from tests.documents.markdown import code, table
from tests.documents.project import layers, packages, requirements

_KINDS = {
    Kind.TRADE: "one execution",
    Kind.QUOTE: "the best bid and ask at one moment",
    Kind.BAR: "the trades of one minute; `t` is its start",
    Kind.UPDATED_BAR: "the late correction of a minute's bar that was sent",
    Kind.SECOND_BAR: "the trades of one second",
    Kind.STATUS: "a halt, a resumption, a symbol that went stale or is live again",
}
_CLASSES: dict[Kind, type[Tick]] = {
    Kind.TRADE: Trade,
    Kind.QUOTE: Quote,
    Kind.BAR: Bar,
    Kind.UPDATED_BAR: Bar,
    Kind.SECOND_BAR: Bar,
    Kind.STATUS: Status,
}


def rooms() -> str:
    """Every package of `feed`, outermost first, with the first words of its docstring."""
    return table(
        ["room", "what is in it"],
        ((code(f"feed/{name}/"), _first_line(name)) for name in packages()),
    )


def order() -> str:
    """The layers, the outermost first: each may import those to its right."""
    return f"`{' > '.join(' | '.join(layer) for layer in layers())}`\n"


def ticks() -> str:
    """Every kind of tick: its `T`, its channel, and its fields by the letters of the wire."""
    return table(
        ["`T`", "channel", "what", "fields"],
        (
            [code(kind), code(CHANNEL_OF_KIND[kind]), _KINDS[kind], _letters(_named(kind))]
            for kind in Kind
        ),
    )


def conflated_trade() -> str:
    """What a conflated trade carries beside what every trade carries."""
    plain = fields_of(_named(Kind.TRADE))
    every = fields_of(_named(Kind.TRADE, ConflatedTrade))
    added = {letter: name for letter, name in every.items() if letter not in plain}
    return f"A conflated trade carries also {_listed(added)}.\n"


def options() -> str:
    """Every option that the command line takes."""
    return table(
        ["option of `feed serve`", "default", "accepts", "meaning"],
        (
            [code(option_name(name)), _default(field), _accepts(field), field.description]
            for name, field in Settings.model_fields.items()
            if field.description
        ),
    )


def tunables() -> str:
    """Every setting that has a variable and a TOML key, and no option."""
    return table(
        ["TOML key", "variable", "default", "accepts"],
        (
            [code(name), code(f"{ENV_PREFIX}{name.upper()}"), _default(field), _accepts(field)]
            for name, field in Settings.model_fields.items()
            if not field.description
        ),
    )


def metrics() -> str:
    """Every metric, as a server says it to Prometheus."""
    return table(
        ["metric", "type", "labels", "what"],
        (
            [code(_exposed(metric)), metric.type, _labels(metric), metric.documentation]
            for metric in _metrics()
        ),
    )


def series() -> str:
    """How many series there are: a sentence, since it is one number."""
    count = sum(len(metric.samples) for metric in _metrics())
    return f"No label grows with users or symbols: there are {count} series, whatever the load.\n"


def error_codes() -> str:
    """Every code of an error message, and what becomes of the connection."""
    return table(
        ["code", "words", "when", "what becomes of the connection"],
        ([code(int(it)), it.words, it.meaning, it.consequence.value] for it in ErrorCode),
    )


def disconnects() -> str:
    """Every reason why a connection ends."""
    return table(
        ["reason", "close code", "error before it", "words", "come back?"],
        (
            [
                code(reason.name),
                str(reason.close_code),
                "" if reason.error_code is None else str(reason.error_code),
                reason.words,
                "yes" if reason.may_reconnect else "no",
            ]
            for reason in (member.value for member in Reason)
        ),
    )


def dependencies() -> str:
    """Every package that is required, and why it is this one."""
    return table(
        ["package", "of", "why this one"],
        (
            [required.name, code(required.group) if required.group else "", required.reason]
            for required in requirements()
        ),
    )


def _first_line(package: str) -> str:
    words = importlib.import_module(f"feed.{package}").__doc__
    assert words, f"feed.{package} does not say what belongs in it"
    return words.partition("\n")[0]


def _named(kind: Kind, of: type[Tick] | None = None) -> Tick:
    """Return a tick each of whose fields is its own name, so that letters lead to names."""
    made: Any = of or _CLASSES[kind]
    values: dict[str, Any] = {field.name: field.name.replace("_", " ") for field in fields(made)}
    if "kind" in values:
        values["kind"] = kind
    tick: Tick = made(**values)
    return tick


def _letters(tick: Tick) -> str:
    letters = {letter: name for letter, name in fields_of(tick).items() if letter != "T"}
    return _listed(letters | {"t": "time"})


def _listed(letters: dict[str, Any]) -> str:
    return ", ".join(f"{code(letter)} {_words(name)}" for letter, name in letters.items())


def _words(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple | list) else str(value)


def _default(field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, bool):
        return "yes" if default else "no"
    if default is None or default == ():
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def _accepts(field: FieldInfo) -> str:
    return next(item.words for item in field.metadata if isinstance(item, Accepts))


@cache
def _metrics() -> list[Metric]:
    every = text_string_to_metric_families(asyncio.run(_exposition()))
    return [metric for metric in every if metric.name.startswith("feed_")]


async def _exposition() -> str:
    """Return what a server answers to Prometheus: the names as everybody else reads them."""
    settings = Settings()
    app = await make_app(settings, make_source(settings))
    request = make_mocked_request("GET", "/metrics", app=app)
    route = await app.router.resolve(request)
    answer = await route.handler(request)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.body.decode()


def _exposed(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> str:
    names = dict.fromkeys(name for sample in metric.samples for name in sample.labels)
    return ", ".join(code(name) for name in names if name != "le")
