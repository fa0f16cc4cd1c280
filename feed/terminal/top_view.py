"""The screen of `feed top`: lines on the server, ages of ticks, subscribers by transport and codec.

Knows no server, terminal or clock: it is given samples, failures and keys, and asked for a
drawing. Rates and ages are over the last few seconds.
"""

from collections import deque
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from feed.market.job_words import JobState
from feed.market.symbol_health import Health
from feed.market.ticks import CHANNEL_OF_KIND, Kind
from feed.terminal import words
from feed.terminal.lines import Part, line
from feed.terminal.listing import Listing
from feed.terminal.sample import FeedStatus, Sample, ServerStatus, SourceStatus, Span, StateStatus
from feed.terminal.served import COLUMNS, Served, served
from feed.terminal.worst import worst_parts

WINDOW = 6  # samples, a second apart
_LOOP_LAG = "feed_loop_lag_seconds"
_AGES = {  # in the order in which a tick goes
    "event to server": "feed_source_age_seconds",
    "server to socket": "feed_write_age_seconds",
    "event to reader": "feed_delivery_age_seconds",
    "a cut": "feed_cut_seconds",
    "loop lag": _LOOP_LAG,
}
_SHARES = {"P50": 0.5, "P90": 0.9, "P99": 0.99}
_SATURATED_S = 0.1  # of loop lag, as the help text of the metric has it
_NEARLY_FULL = 0.9
_WARN, _BAD = "yellow", "bold red"
_NAME_WIDTH = 12
_AGE_WIDTH = 17
_AGE_LINES = 1 + len(_AGES)
_TABLE_LINES = 2  # besides the rows: its head, and the keys


class TopView:
    """The screen of `feed top`.

    Attributes:
        changes: the number of samples and failures so far.
        urgent: how often it has ceased to answer, or answered again.
    """

    def __init__(self, where: str) -> None:
        """Show the server of an address."""
        self._where = where
        self.changes = self.urgent = 0
        self._samples: deque[Sample] = deque(maxlen=WINDOW)
        self._failure = ""  # the reason for the want of a newer sample; empty: there is one
        self._failed_ns = 0  # since when
        self._listing: Listing[Served] = Listing([column.title for column in COLUMNS])
        self._frozen: tuple[Span | None, int] | None = None  # the span that is shown, since when

    def update(self, sample: Sample) -> None:
        """Take in a sample of the server."""
        if self._samples and self._samples[-1].run != sample.run:
            self._samples.clear()  # it was started again
        self._samples.append(sample)
        self.urgent += bool(self._failure)
        self._failure = ""
        self.changes += 1

    def fail(self, reason: str, wall_ns: int) -> None:
        """Note that the server could not be asked."""
        self.changes += words.printable(reason, 200) != self._failure
        if not self._failure:
            self.urgent += 1
            self._failed_ns = wall_ns
        self._failure = words.printable(reason, 200)

    def press(self, key: str, wall_ns: int) -> bool:
        """Take a key; return whether to go on."""
        if key == " ":
            self._frozen = None if self._frozen else (self._span, wall_ns)
        elif key != "q":
            self._listing.press(key)
        return key != "q"

    def render(self, width: int, height: int | None, wall_ns: int) -> RenderableType:
        """Return the drawing; see `View`."""
        span = self._frozen[0] if self._frozen else self._span
        lines: list[RenderableType] = [self._head(span, wall_ns)]
        rows = served(span) if span else []
        if span:
            lines += _facts(span)
            blank = [Text("")]
            if height is None or height >= len(lines) + _AGE_LINES + _TABLE_LINES + len(rows) + 2:
                lines += [*blank, *_ages(span), *blank]
            elif height >= len(lines) + _AGE_LINES + _TABLE_LINES:
                lines += _ages(span)
        if height is not None:
            del lines[max(1, height - _TABLE_LINES) :]
        room = None if height is None else max(0, height - len(lines) - _TABLE_LINES)
        shown = self._listing.page(self._listing.sort(rows, COLUMNS, wall_ns), room)
        if rows:
            lines.append(self._listing.table(shown, COLUMNS, width, wall_ns))
        elif span:
            lines.append(Text("nobody has connected yet"))
        if height is not None:
            lines += [Text("")] * (height - len(lines) - len(shown) - 1)
            lines.append(self._listing.keys(len(shown), len(rows)))
        return Group(*lines)

    @property
    def _span(self) -> Span | None:
        return Span(self._samples[0], self._samples[-1]) if self._samples else None

    def _head(self, span: Span | None, wall_ns: int) -> Text:
        head = line(("feed top  ", "bold"))
        if self._frozen is not None:
            head.append(f"PAUSED {words.age(wall_ns - self._frozen[1])}  ", "bold yellow")
        if self._failure:
            since = words.age(wall_ns - self._failed_ns)
            head.append(f"NO ANSWER for {since}: {self._failure}", _BAD)
        elif span is None:
            head.append("asking …")
        elif span.last.status.leaving:
            head.append("LEAVING: the server says goodbye to everybody", _BAD)
        else:
            status = span.last.status
            head.append(f"up {words.duration(status.uptime_s)}", "green")
            head.append(f"  version {words.printable(status.version)}")
        return head.append(f"  {self._where}")


def _facts(span: Span) -> Iterator[Text]:
    """Yield the lines on the server, each with a name before it."""
    status = span.last.status
    for source in status.sources or [status.source]:
        yield _fact("Source", *_source(source, source.feed or status.feed))
    kinds = ", ".join(
        f"{name} {words.rate(span.rate('feed_ticks_total', kind=kind))}"
        for kind, name in CHANNEL_OF_KIND.items()
        if kind in {Kind.TRADE, Kind.QUOTE, Kind.STATUS}
    )
    position = f"{words.printable(status.ring.epoch)}-{status.ring.newest}"
    yield _fact("Ticks", f"{words.rate(span.rate('feed_ticks_total'))}: {kinds}; at {position}")
    yield _fact("Ring", *_ring(status))
    if status.state is not None:
        yield _fact("State", *_state(status.state))
    yield _fact("Symbols", *_symbols(status))
    yield _fact("Process", *_process(span))
    yield _fact("Subscribers", *_subscribers(span))
    if span.last.worst is not None:
        yield _fact("Worst", *worst_parts(span.last.worst, _WARN))
    if span.last.metrics.total("feed_rooms"):
        yield _fact("Rooms", *_rooms(span))
    if span.last.metrics.total("feed_alert_rules"):
        yield _fact("Alerts", *_alerts(span))
    if span.last.metrics.total("feed_jobs"):
        yield _fact("Jobs", *_jobs(span))
    yield _fact("Ladder", *_counts(span, "feed_ladder_steps_total", "step"))
    yield _fact("Resumes", *_counts(span, "feed_resumes_total", "outcome"))
    yield _fact("Ended", *_counts(span, "feed_disconnects_total", "reason", zeros=False))


def _counts(span: Span, metric: str, label: str, *, zeros: bool = True) -> Iterator[Part]:
    """Yield the totals of a counter by label; those that grow now are marked, with a rate."""
    separator = ""
    for value in span.last.metrics.labels(metric, label):
        total = span.last.metrics.total(metric, **{label: value})
        if not (total or zeros):
            continue
        rate = span.rate(metric, **{label: value})
        name = words.printable(value).replace("_", " ")
        yield f"{separator}{name} {words.count(total)}", ""
        separator = ", "
        if rate:
            yield f" ({words.rate(rate)})", _WARN
    if not separator:
        yield "none", ""


def _source(source: SourceStatus, feed: FeedStatus) -> Iterator[Part]:
    yield words.printable(source.name), ""
    if feed.state == Health.LIVE and source.up:
        yield (", silent", _WARN) if source.silent else (", live", "green")
    elif source.finished:
        what = "it" if source.live else "the recording"
        yield f", FINISHED: {what} has come to its end", _WARN
    elif source.given_up:
        yield ", GIVEN UP: it is not opened again", _BAD
    else:
        yield f", DOWN ({words.printable(feed.reason or 'not open')})", _BAD
    if source.failures:
        yield f", failed {words.count(source.failures)} times", _WARN
    if source.last_error:
        yield f": {words.printable(source.last_error)}", _WARN
    if source.pair is not None:
        pair = source.pair
        yield f"; of the pair {words.printable(pair.of)}, first {words.count(pair.firsts)}", ""
        yield f", missed {words.count(pair.missed)}", _WARN if pair.missed else ""
    if refused := sum(source.refused.values()):
        yield f"; {words.count(refused)} ticks refused", _WARN


def _ring(status: ServerStatus) -> Iterator[Part]:
    ring = status.ring
    held = ring.newest - ring.oldest + 1
    yield f"{words.count(held)} of {words.count(ring.capacity)} ticks", ""
    window_s, promised_s = ring.oldest_age_s, status.resume_window_s
    short = held >= ring.capacity and window_s < promised_s
    back = f", back {words.duration(window_s)}, {words.duration(promised_s)} promised"
    yield back, _WARN if short else ""


def _state(state: StateStatus) -> Iterator[Part]:
    if state.durable is None:
        yield "a kill would lose all of it", _BAD
    else:
        yield f"a kill loses nothing up to {words.printable(state.durable)}", ""
    if state.fault:
        yield f": {words.printable(state.fault)}", _BAD
    if state.checkpoint_age_s is not None:
        yield f", checkpoint {words.duration(state.checkpoint_age_s)} ago", ""
    if state.holes:
        yield f", {words.count(state.holes)} hole{'s' * (state.holes != 1)} in the ring", _WARN


def _symbols(status: ServerStatus) -> Iterator[Part]:
    styles: dict[str, str] = {
        Health.STALE: _WARN,
        Health.HALTED: _WARN,
        Health.SOURCE_DOWN: _BAD,
    }
    separator = ""
    for health, count in status.symbols.items():
        name = words.printable(health).replace("_", " ")
        yield f"{separator}{name} {words.count(count)}", styles.get(health, "") if count else ""
        separator = ", "


def _process(span: Span) -> Iterator[Part]:
    metrics = span.last.metrics
    cpu = span.rate("process_cpu_seconds_total")
    yield (
        f"CPU {words.share(cpu)} of a core",
        _WARN if cpu is not None and cpu > _NEARLY_FULL else "",
    )
    yield f", memory {words.data_size(metrics.total('process_resident_memory_bytes'))}", ""
    held = metrics.total("feed_socket_buffer_bytes")
    largest = metrics.total("feed_largest_socket_buffer_bytes")
    yield f", in sockets {words.data_size(held)}, most {words.data_size(largest)}", ""


def _subscribers(span: Span) -> Iterator[Part]:
    status, metrics = span.last.status, span.last.metrics
    connected = sum(status.connections.values())
    limit = metrics.total("feed_connections_limit")
    full = limit is not None and connected > _NEARLY_FULL * limit
    yield f"{words.count(connected)} of {words.count(limit)}", _WARN if full else ""
    yield f", lanes {words.count(status.lanes)}", ""
    if status.behind:
        lag = words.count(status.largest_lag_ticks)
        yield f", {words.count(status.behind)} BEHIND by up to {lag} ticks", _WARN
    else:
        yield ", nobody behind", ""
    opened = span.rate("feed_connections_opened_total")
    ended = span.rate("feed_disconnects_total")
    yield f"; opened {words.rate(opened)}, ended {words.rate(ended)}", ""


def _rooms(span: Span) -> Iterator[Part]:
    metrics = span.last.metrics
    rooms, limit = metrics.total("feed_rooms"), metrics.total("feed_rooms_limit")
    is_full = rooms is not None and limit is not None and rooms > _NEARLY_FULL * limit
    yield f"{words.count(rooms)} of {words.count(limit)}", _WARN if is_full else ""
    yield f", members {words.count(metrics.total('feed_room_members'))}", ""
    said = span.rate("feed_room_messages_total", type="message")
    yield f"; messages {words.rate(said)}", ""
    refused = span.rate("feed_room_refused_total")
    yield f", refused {words.rate(refused)}", _WARN if refused else ""


def _alerts(span: Span) -> Iterator[Part]:
    metrics = span.last.metrics
    armed, rules = metrics.total("feed_alert_rules_armed"), metrics.total("feed_alert_rules")
    yield f"{words.count(armed)} of {words.count(rules)} rules armed", ""
    fired = span.rate("feed_alert_firings_total")
    waiting = metrics.total("feed_alert_firings_waiting")
    yield f"; fired {words.rate(fired)}, {words.count(waiting)} not acknowledged", ""
    if failed := span.rate("feed_alert_commit_failures_total"):
        yield f", COMMITS FAIL {words.rate(failed)}", _BAD
    if given_up := span.rate("feed_webhooks_total", outcome="given_up"):
        yield f", webhooks given up {words.rate(given_up)}", _WARN


def _jobs(span: Span) -> Iterator[Part]:
    separator = ""
    for state in JobState:
        number = span.last.metrics.total("feed_jobs", state=state)
        is_bad = number and state is JobState.FAILED
        yield f"{separator}{state} {words.count(number)}", _WARN if is_bad else ""
        separator = ", "
    held = span.last.metrics.total("feed_job_file_bytes")
    yield f"; files {words.data_size(held)}", ""


def _ages(span: Span) -> Iterator[Text]:
    """Yield the table of ages, a line each."""
    heads = "".join(f"{share:>9}" for share in _SHARES)
    yield line((f"{'AGE':<{_AGE_WIDTH}}{heads}{'SEEN':>11}", "bold"))
    for name, metric in _AGES.items():
        parts: list[Part] = [(f"{name:<{_AGE_WIDTH}}", "")]
        for share in _SHARES.values():
            value_s = span.quantile_s(metric, share)
            late = metric == _LOOP_LAG and value_s is not None and value_s > _SATURATED_S
            parts.append((f"{words.duration(value_s):>9}", _WARN if late else ""))
        parts.append((f"{words.rate(span.rate(f'{metric}_count')):>11}", ""))
        yield line(*parts)


def _fact(name: str, *parts: Part | str) -> Text:
    return line((f"{name:<{_NAME_WIDTH}}", "bold"), *parts)
