"""The tables of the documents, each made from where the code has it.

A document names a table in a comment, and Cog writes it there:

    <!-- [[[cog cog.out(tables.metrics()) ]]] -->
    <!-- [[[end]]] -->

Those of the wire are in `wire_tables`.
"""

import asyncio
import importlib
from collections.abc import Iterator
from functools import cache

import typer
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic.fields import FieldInfo

from feed.broadcast.standing import MAY_BE_WRITTEN, MOVES, Written
from feed.cli.commands import app
from feed.generations.model import ModelFault
from feed.http.app import make_app
from feed.settings.load import built_in_blocks, option_name
from feed.settings.options import Settings
from feed.sources.options import Accepts, Tunes
from feed.sources.simulated.options import SimulatedOptions
from feed.wire.limit import Limit
from tests.documents.markdown import code, table
from tests.documents.project import layers, packages, requirements


def rooms() -> str:
    """Every package of `feed`, outermost first, with the first words of its docstring."""
    return table(
        ["room", "what is in it"],
        ((code(f"feed/{name}/"), _first_line(name)) for name in packages()),
    )


def order() -> str:
    """The layers, the outermost first: each may import those to its right."""
    return f"`{' > '.join(' | '.join(layer) for layer in layers())}`\n"


def standings() -> str:
    """Every standing of a subscriber: what moves it where, and what it may be written."""
    return table(
        ["standing", "moves", "may be written"],
        (
            [
                standing,
                "; ".join(
                    f"{move.value} → {to}" for (at, move), to in MOVES.items() if at is standing
                ),
                "; ".join(written.value for written in Written if written in allowed),
            ]
            for standing, allowed in MAY_BE_WRITTEN.items()
        ),
    )


def model_faults() -> str:
    """Every way in which a model has no answer."""
    return table(
        ["code", "status", "what went wrong"],
        ([code(fault), str(fault.status), fault.meaning] for fault in ModelFault),
    )


def options() -> str:
    """Every option that the command line takes."""
    return table(
        ["option of `feed serve`", "default", "accepts", "meaning"],
        (
            [code(option_name(name)), _default(field), _accepts(field), field.description]
            for name, field in _fields()
            if field.description
        ),
    )


def tunables() -> str:
    """Every setting that has a variable and a TOML key, and no option."""
    return table(
        ["TOML key", "default", "accepts", "meaning"],
        (
            [code(name), _default(field), _accepts(field), _tunes(field)]
            for name, field in _fields()
            if not field.description
        ),
    )


def limits() -> str:
    """Every limit: its default, what beats it, and what happens above it."""
    fields = dict(_fields())
    return table(
        ["limit", "default", "setting", "of a grant", "above it"],
        (
            [
                limit.value,
                _default(fields[limit.setting]) or "none",
                code(limit.setting),
                code(limit.grant) if limit.grant else "",
                limit.above,
            ]
            for limit in Limit
        ),
    )


def commands() -> str:
    """Every command of `feed`, with the first words of its help."""
    known = typer.main.get_group(app).commands
    return table(
        ["command", "what it does"],
        ([code(f"feed {name}"), _first_sentence(command.help)] for name, command in known.items()),
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


def _first_sentence(text: str | None) -> str:
    assert text, "a command has no words"
    return text.partition("\n")[0]


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the options of the server and of the sources that come with it."""
    fields: dict[str, FieldInfo] = {}
    for block in built_in_blocks():
        for name in block.option_fields():
            fields.setdefault(name, block.model_fields[name])
    yield from fields.items()


def _default(field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, bool):
        return "yes" if default else "no"
    if default is None or default == ():
        return ""
    if isinstance(default, tuple):
        return ", ".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def _accepts(field: FieldInfo) -> str:
    return next(item.words for item in field.metadata if isinstance(item, Accepts))


def _tunes(field: FieldInfo) -> str:
    return next(item.words for item in field.metadata if isinstance(item, Tunes))


@cache
def _metrics() -> list[Metric]:
    every = text_string_to_metric_families(asyncio.run(_exposition()))
    return [metric for metric in every if metric.name.startswith("feed_")]


async def _exposition() -> str:
    """Return what a server answers to Prometheus: the names as everybody else reads them."""
    application = await make_app(Settings(), SimulatedOptions().make())
    request = make_mocked_request("GET", "/metrics", app=application)
    route = await application.router.resolve(request)
    answer = await route.handler(request)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.body.decode()


def _exposed(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> str:
    names = dict.fromkeys(name for sample in metric.samples for name in sample.labels)
    return ", ".join(code(name) for name in names if name != "le")
