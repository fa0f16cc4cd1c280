"""What of a job is granted: when it is asked for, and still later. Knows no clock or file."""

from feed.errors import NotGranted
from feed.ingest.timeframes import TIMEFRAMES
from feed.jobs.request import Exports, JobRequest
from feed.market.asset_classes import AssetClasses
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.wire.grants import Grants
from feed.wire.selection import Selection


def selected(request: JobRequest, grants: Grants) -> Selection:
    """Return what is granted of what a request names, or of all where it names nothing.

    Raises:
        NotGranted: nothing of it is.
    """
    named = {**request.named}
    if request.exports is Exports.BARS:
        channel, _ = TIMEFRAMES[request.timeframe or "1m"]
        named = {channel: named.get(Channel.BARS, frozenset({ALL}))}
    elif not named:
        named = dict.fromkeys(CHANNELS, frozenset({ALL}))
    granted = grants.select_named(named, {})
    is_partial = bool(request.named) and granted.refused
    if is_partial or not granted.selection.symbols:
        refused = ", ".join(
            f"{channel} of {', '.join(sorted(some)[:5])}" for channel, some in granted.refused
        )
        raise NotGranted(refused or "any symbol", grants.words())
    return Selection.of(dict(granted.selection.symbols))


def check_still_granted(
    request: JobRequest, had: Grants, now: Grants, classes: AssetClasses
) -> None:
    """Refuse what was granted to a job and is not any more.

    Raises:
        NotGranted: some of it is not.
    """
    if had == now:
        return
    was, left = selected(request, had), selected(request, now)
    if was.within(left, classes).symbols != was.symbols or now.conflate_ms > had.conflate_ms:
        raise NotGranted("what the job exports, which was granted,", now.words())
