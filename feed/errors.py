"""The family of the errors that this package raises on purpose.

An error carries its numbers as attributes; its message says what was wrong, where, and what is
accepted. Nothing else is raised at a user: an error outside of this family is a bug.

    FeedError
    ├── InvalidInput            somebody sent or configured something that is not accepted
    │   ├── InvalidParameter    of a request or an option: names it, its value, what is accepted
    │   │   └── InvalidPosition not `<epoch>-<sequence>`
    │   ├── InvalidMessage      a control message that cannot be understood
    │   └── InvalidTick         a row of a recording that is not a tick
    ├── LimitExceeded           a limit of this server: names the limit and its value
    │   └── TooOften            a rate is exceeded: says when to come back
    │       └── Crowded         all places are taken: likewise
    ├── Unauthenticated         what was asked for is due only after authentication
    ├── CredentialRefused       a credential that is not accepted: unknown, wrong, expired …
    ├── NotGranted              nothing of what was asked for is granted to whoever asked
    ├── Clash                   what was asked for does not fit what there is: tells that
    ├── Missing                 there is nothing of the name that was given, or not any more
    ├── NotNow                  nothing of the kind is done now, or never by this server
    ├── Overrun                 the ring no longer holds the tick after a position
    └── SourceError             a source cannot be opened or read, or ended when it should not

Errors that only one room knows are branches there: in `feed.alerting.errors`, `feed.cli.streams`,
`feed.client.alerting.errors`, `feed.client.errors`, `feed.client.exporting.errors`,
`feed.client.generating.errors`, `feed.client.publishing.errors`, `feed.client.rooms.errors`,
`feed.cluster.errors`, `feed.generations.errors`, `feed.generations.model`,
`feed.http.edge.link`, `feed.jobs.errors`, `feed.settings.load`, `feed.sources.pushed.flaws`,
`feed.sources.pushed.splitting`, `feed.sources.upstream.endings`, `feed.terminal.errors`,
`feed.trust.certificate`, `feed.trust.keys_file`, `feed.trust.signing_keys`,
`feed.wire.control` and `feed.wire.reckoning`.
"""

import re
from collections.abc import Iterator

MAX_SHOWN_LENGTH = 80  # characters of a value from outside, in a message
HIDDEN = "…"  # for the value of an unknown name, which may be a secret at a wrong place
_OF_SECRETS = ("auth", "cookie", "jwt", "key", "passw", "secret", "ticket", "token")
_USER = re.compile(r"(://)[^/?#\s]*@")  # of a URL: RFC 3986 §3.2.1
_ASSIGNED = re.compile(rf"\b([\w-]*(?:{'|'.join(_OF_SECRETS)})[\w-]*)=[^&\s]*", re.IGNORECASE)
_DECIMAL_BITS = 4_096  # Python writes no integer of more than 4,300 digits in decimal
MAX_PATH_LENGTH = 4_096  # and of the path of a file, whose end says the most


class FeedError(Exception):
    """The base of every error that this package raises on purpose."""


class InvalidInput(FeedError):
    """Somebody sent or configured something that is not accepted."""


class InvalidParameter(InvalidInput):
    """A parameter of a request, or an option, has a value that is not accepted.

    Attributes:
        parameter: its name, as the user wrote it.
        value: the value received, shortened to 80 characters in the message; `HIDDEN`: not shown.
        accepted: the values that are accepted, in words.
    """

    def __init__(self, parameter: str, value: object, accepted: str, *, where: str = "") -> None:
        """Make an error; `where` stands before the name in its message: "feed.toml: "."""
        self.parameter = parameter
        self.value = value
        self.accepted = accepted
        super().__init__(
            f"{where}{show_name(parameter)}: {shorten(value)} is not accepted; accepted: {accepted}"
        )


class InvalidPosition(InvalidParameter):
    """A text is not a position."""

    def __init__(self, value: object, parameter: str = "after") -> None:
        super().__init__(
            parameter, value, "a position as this server sends it, <epoch>-<sequence>, or 0"
        )


class InvalidMessage(InvalidInput):
    """A control message cannot be understood; the message says where and what is accepted."""


class InvalidTick(InvalidInput):
    """A value is not a tick; the message names the field, its value and what is accepted."""


class LimitExceeded(FeedError):
    """A limit of this server would be exceeded.

    Attributes:
        limit: its name in words.
        requested: the amount that was asked for, in the limit's unit.
        maximum: the most that is accepted.
    """

    def __init__(self, limit: str, requested: int, maximum: int) -> None:
        self.limit = limit
        self.requested = requested
        self.maximum = maximum
        super().__init__(f"{limit}: {requested} would exceed the limit of {maximum}")


class TooOften(LimitExceeded):
    """A limit of so much a second is exceeded.

    Attributes:
        retry_s: after how many seconds it may be tried again.
    """

    def __init__(self, limit: str, maximum: int, retry_s: float) -> None:
        super().__init__(limit, maximum + 1, maximum)
        self.retry_s = retry_s
        self.args = (f"{limit}: more than {maximum}; come back in {max(retry_s, 0.1):.1f} s",)


class Crowded(TooOften):
    """What a server has a few places for is taken, until somebody leaves; see `TooOften`."""

    def __init__(self, limit: str, maximum: int, retry_s: float) -> None:
        super().__init__(limit, maximum, retry_s)
        words = f"{limit}: all {maximum} are in use; ask for one of these, or come back"
        self.args = (f"{words} in {retry_s:g} s",)


class Unauthenticated(FeedError):
    """A request or a control message came without a credential where one is required."""


class CredentialRefused(FeedError):
    """A credential is not accepted; the message never shows it.

    Attributes:
        why: a label for metrics and logs.
    """

    def __init__(self, why: str, words: str) -> None:
        self.why = why
        super().__init__(words)


class NotGranted(FeedError):
    """Nothing of what was asked for is granted to whoever asked.

    Attributes:
        granted: what is, in words.
    """

    def __init__(self, refused: str, granted: str) -> None:
        """Make an error; `refused` says what was asked for."""
        self.granted = granted
        short = len(granted) <= 2 * MAX_SHOWN_LENGTH
        shown = granted if short else f"{granted[: 2 * MAX_SHOWN_LENGTH - 1]}…"
        super().__init__(f"{refused} is not granted; granted: {shown}")


class Clash(FeedError):
    """What was asked for does not fit what is there by now; who knows that may ask again.

    Attributes:
        there: what there is, for programs.
    """

    def __init__(self, words: str, **there: object) -> None:
        self.there = there
        super().__init__(words)


class Missing(FeedError):
    """There is nothing of the name that was given.

    Attributes:
        was_there: there was, and it is gone for good.
    """

    def __init__(self, words: str, *, was_there: bool = False) -> None:
        self.was_there = was_there
        super().__init__(words)


class NotNow(FeedError):
    """Nothing of the kind is done now.

    Attributes:
        retry_s: after how many seconds it may be tried again; None: this server never does it.
    """

    def __init__(self, words: str, retry_s: float | None) -> None:
        self.retry_s = retry_s
        super().__init__(words)


class Overrun(FeedError):
    """The ring no longer holds the tick after a position.

    Attributes:
        requested: the first sequence that was asked for.
        oldest: the oldest sequence that the ring still holds.
    """

    def __init__(self, requested: int, oldest: int) -> None:
        self.requested = requested
        self.oldest = oldest
        super().__init__(f"sequence {requested} was overrun; the oldest one held is {oldest}")


class SourceError(FeedError):
    """A source cannot be opened or read; the message names it and the place.

    Attributes:
        retry_after_s: it is not to be opened again before that.
        for_good: to open it again is of no use.
        in_order: the server that was followed has left, and has said so before.
    """

    def __init__(
        self,
        words: str,
        *,
        retry_after_s: float = 0.0,
        for_good: bool = False,
        in_order: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.for_good = for_good
        self.in_order = in_order
        super().__init__(words)


def show_name(name: str, limit: int = MAX_SHOWN_LENGTH) -> str:
    """Return a name for a message: as long, and as unprintable, as its author likes, or ours."""
    short = len(name) <= limit and name.isprintable()
    return name if short else shorten(name, limit)


def shorten(value: object, limit: int = MAX_SHOWN_LENGTH) -> str:
    """Quote a value that came from outside for a message, cut to `limit` characters.

    Only what is shown is looked at: a value may be megabytes, or nested 1,024 levels deep. Of a map
    within it, what stands under the name of a secret is not shown.
    """
    text = ""
    for piece in _quoted(value, limit):
        text += piece
        if len(text) > limit:
            return f"{text[: limit - 1]}…"
    return text


def _quoted(value: object, limit: int) -> Iterator[str]:
    """Yield `repr(value)` piece by piece; of a text longer than the limit, its beginning."""
    if isinstance(value, str | bytes):
        yield repr(value[:limit])
    elif isinstance(value, list):
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _quoted(item, limit)
        yield "]"
    elif isinstance(value, dict):
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            yield ", " if index else ""
            yield from _quoted(key, limit)
            yield ": "
            yield from _quoted(HIDDEN if is_of_a_secret(key) else item, limit)
        yield "}"
    elif isinstance(value, int) and value.bit_length() > _DECIMAL_BITS:
        yield hex(value)
    else:
        yield repr(value)


def without_secrets(text: str) -> str:
    """Return a text, such as a URL, without what stands where secrets do in it."""
    return _ASSIGNED.sub(rf"\1={HIDDEN}", _USER.sub(rf"\1{HIDDEN}@", text))


def is_of_a_secret(key: object) -> bool:
    """Tell whether a map's key, or the name of an option, is such as secrets have."""
    if not isinstance(key, str):
        return False
    name = key[:MAX_SHOWN_LENGTH].lower()
    return any(word in name for word in _OF_SECRETS)
