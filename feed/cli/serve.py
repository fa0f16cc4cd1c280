"""`feed serve`: its options are the fields of the settings and of the sources' options.

They are found when the command is asked for them, so that no option is written twice and a source
brings its own. The options of a source that others have installed are there where the command line,
a variable or the file chooses it.
"""

import inspect
import keyword
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_origin

import typer
from typer.core import TyperCommand

from feed.errors import InvalidParameter

if TYPE_CHECKING:  # pydantic is slow to import, and `feed --help` does without
    from pydantic.fields import FieldInfo

    from feed.sources.options import Options


BUS = "FEED_BUS_SOCKET"  # where whoever starts edges lets a writer listen to them


class ServeCommand(TyperCommand):
    """A command whose options are found when they are asked for."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer keeps its types private
        """Return the options, and `--help`."""
        if not self.params:
            from feed.settings.load import built_in_blocks  # noqa: PLC0415 - pydantic is slow

            self.params = _options_of(built_in_blocks())
        return super().get_params(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        """Parse the command line, with the options of the sources that it chooses."""
        from feed.settings.load import built_in_blocks, chosen_kinds  # noqa: PLC0415 - as above

        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True  # they may be of a source that is not known yet
        given, _, _ = parser.parse_args(list(args))
        kinds = chosen_kinds({name: given[name] for name in ("source", "config") if name in given})
        if any(kind not in built_in_blocks() for kind in kinds):
            self.params = _options_of([*built_in_blocks(), *kinds])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Call the command, which reads its options from the context."""
        return ctx.invoke(self.callback)


def serve(context: typer.Context) -> None:
    """Serve ticks over SSE, WebSocket and HTTP streams.

    Every option can also come from a variable (FEED_RATE) and from the TOML file (rate = 1000).

    The command line beats variables, and they beat the file.
    """
    from feed.program.workers.role import taken_role  # noqa: PLC0415 - as below
    from feed.settings.load import load_settings  # noqa: PLC0415 - pydantic is slow

    part = taken_role(os.environ)
    settings, sources = load_settings(typed_options(context))
    if settings.bus is not None:
        raise InvalidParameter("--bus", settings.bus, "only with `feed ingest`, which writes there")
    from feed.program.listening import HELD, held_sockets  # noqa: PLC0415 - aiohttp is slow

    if part is not None:
        from feed.program.workers.worker import work  # noqa: PLC0415 - a worker alone needs it

        work(*part, settings, sources)
        return
    if settings.hold_socket and HELD not in os.environ:
        from feed.program.holder import hold  # noqa: PLC0415 - few need it

        raise typer.Exit(hold(settings, [sys.executable, *sys.orig_argv[1:]]))
    held = held_sockets(os.environ, settings, pid=os.getpid())
    taker = None
    if settings.takeover and not held:
        from feed.program.takeover.taking import take_over  # noqa: PLC0415 - few need it

        taker = take_over(settings)
    if settings.workers is not None:
        from feed.program.workers.supervisor import supervise  # noqa: PLC0415 - few need it

        command = [sys.executable, *sys.orig_argv[1:]]
        raise typer.Exit(supervise(settings, sources, command, held, taker))
    bus = os.environ.pop(BUS, "")  # it is for no program that is started here
    from feed.program.serve import serve as serve_until_ended  # noqa: PLC0415 - aiohttp is slow

    serve_until_ended(settings, sources, held, Path(bus) if bus else None, taker)


def typed_options(context: typer.Context) -> dict[str, object]:
    """Return the options that stand in the command line, by the names of their fields."""
    typed = [name for name in context.params if _is_typed(context, name)]
    return {name.rstrip("_"): context.params[name] for name in typed}


def _options_of(blocks: "Iterable[type[Options]]") -> list[Any]:
    """Return typer's options of all fields that have a description, each name once."""
    fields: dict[str, FieldInfo] = {}
    for block in blocks:
        for name in block.option_fields():
            if block.model_fields[name].description:
                fields.setdefault(name, block.model_fields[name])

    def told() -> None:
        """Stand for a function that has them as parameters, from which typer makes options."""

    parameters = [_parameter(name, field) for name, field in fields.items()]
    told.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    made = typer.Typer(add_completion=False)
    made.command()(told)
    return typer.main.get_command(made).params


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _parameter(name: str, field: "FieldInfo") -> inspect.Parameter:
    """Return one option as a parameter; its values are checked by the settings, not here.

    Its type is a text, whatever that of the field, so that all complaints have the same words; its
    help shows the field's.
    """
    from feed.settings.load import option_name, shape_of  # noqa: PLC0415 - pydantic is slow

    option, default = option_name(name), field.default
    if field.annotation is bool:
        switch = typer.Option(f"{option}/--no{option[1:]}", help=field.description)
        return _keyword(name, bool, switch, default)
    told = typer.Option(option, help=field.description, metavar=f"<{shape_of(field)}>")
    if get_origin(field.annotation) is tuple:
        return _keyword(name, list[str] | None, told, list(default) or None)
    text = f"{default:g}" if isinstance(default, float) else default and str(default)
    return _keyword(name, str | None, told, "0" if default == 0 else text)


def _keyword(name: str, kind: Any, option: Any, default: object) -> inspect.Parameter:  # noqa: ANN401 - typer's
    annotation = Annotated[kind, option]
    if keyword.iskeyword(name):  # "--from"; the option is named by itself
        name += "_"
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
