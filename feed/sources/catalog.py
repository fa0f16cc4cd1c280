"""The kinds of sources: those of this package, and those that other packages bring.

A kind is a subclass of `SourceOptions`, found by its name. The built-in ones stand in a table and
are imported when they are asked for. Entry points of the group `feed.sources` are asked only for
names that are not in it: they are empty where the package was not installed, and stale in an
editable installation, so our own kinds must not depend on them.

    [project.entry-points."feed.sources"]
    kraken = "kraken_feed.options:KrakenOptions"
"""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from feed.errors import SourceError
from feed.sources.options import SourceOptions

DEFAULT = "sim"
BUILT_IN = {
    "sim": "feed.sources.simulated.options:SimulatedOptions",
    "replay": "feed.sources.replay.options:ReplayOptions",
    "-": "feed.sources.piped.options:StandardInputOptions",
    "pipe": "feed.sources.piped.options:PipeOptions",
    "feed": "feed.sources.follow.options:FollowOptions",
    "nats": "feed.sources.nats.options:NatsOptions",
    "push": "feed.sources.pushed.options:PushOptions",
    "alpaca": "feed.sources.alpaca.options:AlpacaOptions",
    "ccxt": "feed.sources.exchanges.options:ExchangeOptions",
}
GROUP = "feed.sources"


def built_in_kinds() -> list[type[SourceOptions]]:
    """Return the kinds of this package, in the order of the help text."""
    return [_load(EntryPoint(name, value, GROUP)) for name, value in BUILT_IN.items()]


def installed_names() -> list[str]:
    """Return the names of the kinds that other packages bring."""
    return sorted({entry.name for entry in entry_points(group=GROUP)} - set(BUILT_IN))


def find_kind(name: str) -> type[SourceOptions] | None:
    """Return the kind of this name; None where there is none.

    Raises:
        SourceError: an installed package says that it has this kind, and does not.
    """
    if name in BUILT_IN:
        return _load(EntryPoint(name, BUILT_IN[name], GROUP))
    for entry in entry_points(group=GROUP, name=name):
        return _load(entry)
    return None


def _load(entry: EntryPoint) -> type[SourceOptions]:
    try:
        module = import_module(entry.module)
        kind = getattr(module, entry.attr)
    except (ImportError, AttributeError) as error:
        raise SourceError(
            f"source {entry.name}: {entry.value} cannot be loaded: {error}"
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, SourceOptions)):
        raise SourceError(f"source {entry.name}: {entry.value} is not a subclass of SourceOptions")
    if kind.source_name() != entry.name:
        raise SourceError(f"source {entry.name}: {entry.value} calls itself {kind.source_name()}")
    return kind
