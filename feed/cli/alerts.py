"""`feed alerts`: rules of one's own, and what they tell when they fire."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feed.cli.listening import Key, Quiet, Secret, Text, TransportOption, Url
from feed.cli.plumbing import event_writer, naming_options, run_until_signal, warn_of_variables
from feed.cli.streams import print_lines, tell
from feed.errors import InvalidParameter

if TYPE_CHECKING:  # aiohttp is slow to import, and `feed --help` does without
    from feed.client.alerting.alerts import Alerts

app = typer.Typer(
    name="alerts",
    help="Make rules on symbols, and watch what they tell when they fire.",
    no_args_is_help=True,
)

_URL = "http://127.0.0.1:8080"
_NAMES = {
    "symbol": "SYMBOL",
    "field": "FIELD",
    "op": "OP",
    "value": "VALUE",
    "rule": "RULE",
    "alert": "FIRING",
}
_Json = Annotated[bool, typer.Option("--json", help="Print them as they are, one object a line.")]
_Work = Callable[["Alerts"], Awaitable[None]]


@app.command("list")
def list_rules(
    context: typer.Context,
    url: Url = _URL,
    as_json: _Json = False,
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Print your rules, and how each stands."""
    from feed.terminal.alerts import write_rules  # noqa: PLC0415 - aiohttp is slow

    async def work(alerts: "Alerts") -> None:
        write_rules(await alerts.list(), print_lines, as_json=as_json)

    return _do(context, work, url, key, secret)


@app.command()
def add(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="Which.")],
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="price, spread_bp, volume or health.")
    ],
    op: Annotated[
        str,
        typer.Argument(
            metavar="OP", help=">=, <=, crosses_above, crosses_below, moves_pct, or is of health."
        ),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="A number; of health stale or halted.")
    ],
    window: Annotated[
        Text, typer.Option("--window", help="Of moves_pct and of a volume: 30s, 5m, 1h.")
    ] = None,
    again_s: Annotated[
        float | None,
        typer.Option("--again", help="Fire again after so many seconds at least, not once."),
    ] = None,
    expires: Annotated[
        Text, typer.Option("--expires", help="When it ends: 2026-11-27T14:30:00Z.")
    ] = None,
    webhook: Annotated[
        Text, typer.Option("--webhook", help="URL that firings are sent to as well.")
    ] = None,
    note: Annotated[Text, typer.Option("--note", help="Comes with each firing.")] = None,
    url: Url = _URL,
    as_json: _Json = False,
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Make a rule, and print it; with --webhook also the secret of its signatures, once."""
    from feed.terminal.alerts import write_rules  # noqa: PLC0415 - aiohttp is slow

    more: dict[str, Any] = {"window": window, "expires": expires, "note": note}
    more |= {"webhook": None if webhook is None else {"url": webhook}}
    more |= {} if again_s is None else {"once": False, "cooldown_s": again_s}

    async def work(alerts: "Alerts") -> None:
        fields: Any = (symbol, field, op, _value(value))
        with naming_options(context, names=_NAMES):
            rule = await alerts.create(*fields, **more)
        write_rules((rule,), print_lines, as_json=as_json)
        sent_to = rule.get("webhook")
        if sent_to is not None and "secret" in sent_to and not as_json:
            tell(f"feed alerts: the secret of its webhook is {sent_to['secret']}")

    return _do(context, work, url, key, secret)


@app.command()
def remove(
    context: typer.Context,
    rules: Annotated[list[str], typer.Argument(metavar="RULE", help="Ids of rules.")],
    url: Url = _URL,
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Remove rules; what they fired stays until it is acknowledged."""

    async def work(alerts: "Alerts") -> None:
        for rule in rules:
            with naming_options(context, names=_NAMES):
                await alerts.remove(rule)

    return _do(context, work, url, key, secret)


@app.command()
def watch(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    url: Url = _URL,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Acknowledge each once it is printed.")
    ] = False,
    as_json: _Json = False,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="End after this many firings.")
    ] = None,
    transport: TransportOption = "auto",
    key: Key = None,
    secret: Secret = None,
    quiet: Quiet = False,
) -> int:
    """Print firings, each once: first what fired before and is not acknowledged."""
    from feed.terminal.alerts import watch as print_firings  # noqa: PLC0415 - aiohttp is slow

    async def work(alerts: "Alerts") -> None:
        options: Any = {"as_json": as_json, "acknowledge": acknowledge, "count": count}
        await print_firings(alerts, print_lines, **options)

    events = event_writer("alerts", quiet=quiet)
    return _do(context, work, url, key, secret, events, transport=transport)


@app.command()
def acknowledge(
    context: typer.Context,
    firings: Annotated[list[str], typer.Argument(metavar="FIRING", help="Ids of firings.")],
    url: Url = _URL,
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Say that you know of firings: they are not told any more."""

    async def work(alerts: "Alerts") -> None:
        for firing in firings:
            with naming_options(context, names=_NAMES):
                await alerts.acknowledge(firing)

    return _do(context, work, url, key, secret)


def _do(  # noqa: PLR0917 - as commands have them
    context: typer.Context,
    work: _Work,
    url: str,
    key: str | None,
    secret: str | None,
    events: Callable[[object], None] = lambda _: None,
    **options: Any,  # noqa: ANN401 - checked by alerts
) -> int:
    """Do something with somebody's alerts."""
    from feed.client.alerting.making import alerts as alerts_of  # noqa: PLC0415 - aiohttp is slow

    warn_of_variables(event_writer("alerts", quiet=False))
    # The command tells all events itself.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    with naming_options(context, names=_NAMES):
        alerts = alerts_of(url, key=key, secret=secret, on_event=events, **options)
    return run_until_signal(alerts, lambda: _with(alerts, work))


async def _with(alerts: "Alerts", work: _Work) -> None:
    await work(alerts)


def _value(text: str) -> float | str:
    """Return a value as a rule has it: a number, or the name of an ailment."""
    if text.isalpha():
        return text
    try:
        return float(text)
    except ValueError:
        accepted = "a number; of health stale or halted"
        raise InvalidParameter("VALUE", text, accepted) from None
