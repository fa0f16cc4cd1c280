"""All commands, and the running of one of them.

A command is a function that is added to `app`; a family of commands with a name of its own is a
`typer.Typer` that is added with `app.add_typer(…, name="bench")`. Errors leave as one line each on
standard error.

Exit status: 0 the command did its work, 1 it could not, 2 its options are not accepted, 130 or 143
it was ended by Ctrl-C or SIGTERM. A command whose standard output is closed by its reader, and a
`serve` or `record` that is ended by either signal, did their work.
"""

import gc
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from feed import __version__
from feed.cli import alerts, cluster, key, listening, token
from feed.cli.ask import ask
from feed.cli.bench import bench
from feed.cli.export import export
from feed.cli.ingest import ingest
from feed.cli.inspect import inspect
from feed.cli.plumbing import ENDED_BY, FAILED, NOT_ACCEPTED, complain
from feed.cli.proxy import proxy
from feed.cli.publish import publish
from feed.cli.room import room
from feed.cli.serve import ServeCommand, serve
from feed.cli.streams import OutputLost, drop_output, flush_output, stand_in_for_closed
from feed.errors import FeedError, InvalidInput

# Of what is imported hardly anything is garbage. Looking for it took 0.3 of 1.3 s of CPU in which
# `serve` begins; by then it has made 0.2 to 0.3 million objects. Servers choose anew once they have
# begun (`feed.program.memory`), and listeners when they begin.
_OBJECTS_BETWEEN_COLLECTIONS = 400_000

app = typer.Typer(
    help="A live market-data broadcaster, and what one needs to listen to it.",
    epilog=(
        "Exit status: 0 done, 1 failed, 2 not accepted, 130 ended by Ctrl-C, 143 by SIGTERM; "
        "serve and record are done then: 0."
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line of this process, and end it with the status."""
    stand_in_for_closed()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit status."""
    try:
        status = app(args=list(arguments), prog_name="feed", standalone_mode=False)
        flush_output()
    except (KeyboardInterrupt, typer.Abort):  # before the command's own handler is there
        return ENDED_BY + signal.SIGINT
    except typer.TyperException as error:
        return complain(error.format_message(), error.exit_code)
    except InvalidInput as error:
        return complain(str(error), NOT_ACCEPTED)
    except FeedError as error:
        return complain(str(error), FAILED)
    except OSError as error:
        return complain(_words_of(error), FAILED)
    return status if isinstance(status, int) else 0


def _words_of(error: OSError) -> str:
    """Return what the system did not do; of all that we write only standard output has no name."""
    if error.filename is None:
        drop_output()
        return str(OutputLost(error))
    return f"{error.filename}: {error.strerror}"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"feed {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _feed(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command(cls=ServeCommand)(serve)
app.command(cls=ServeCommand)(ingest)
app.command()(listening.tail)
app.command()(listening.record)
app.command()(publish)
app.command()(ask)
app.command()(room)
app.command()(export)
app.add_typer(alerts.app)
app.command()(listening.watch)
app.command()(listening.top)
app.command()(listening.why)
app.add_typer(cluster.app)
app.add_typer(key.app)
app.add_typer(token.app)
app.command()(proxy)
app.command()(inspect)
app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(bench)
