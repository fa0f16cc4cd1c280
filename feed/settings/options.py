"""The options of a server: their defaults, and the values that they accept.

The options of a source are the source's own (`feed.sources.options`), and those of language models
have a block of their own (`language_models`). Knows neither the place where a value was written
(that is `load.py`) nor the effect of an option.
"""

import ipaddress
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_settings import NoDecode

from feed.broadcast.fan_out import Engine
from feed.broadcast.ring import DEFAULT_CAPACITY, MAX_CAPACITY
from feed.errors import InvalidInput
from feed.settings.alerts import AlertOptions
from feed.settings.cluster import ClusterOptions
from feed.settings.edges import EdgeOptions
from feed.settings.jobs import JobOptions
from feed.settings.language_models import LanguageModelOptions
from feed.settings.numbers import COUNT, RATE, SECONDS, Count, Rate, Seconds
from feed.settings.rooms import RoomOptions
from feed.sources.catalog import DEFAULT, built_in_kinds, find_kind, installed_names
from feed.sources.options import (
    Accepts,
    Tunes,
    not_a_boolean,
    refusal,
    split_at_commas,
    texts,
)
from feed.sources.source_text import TEXT_SHAPE, parse_source
from feed.wire.source_name import is_name

_Place = TypeVar("_Place", Path | None, str | None)
MAX_SOURCES = 16
MAX_WORKERS = 64
# None by default: one that is left empty is a mistake.
SAFEGUARDS = ("keys", "jwt_issuer", "jwt_keys", "tls_cert", "tls_key", "state", "cluster_key")
_KINDS = built_in_kinds()
_SOURCE_WORDS = [kind.accepted_words() for kind in _KINDS]


def _is_power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError("not a power of two")
    return value


def _is_source(value: str) -> str:
    try:
        _, name, place, _ = parse_source(value)
    except InvalidInput as error:
        raise refusal(f"{TEXT_SHAPE}; {error}") from error
    kind = find_kind(name)
    if kind is None or (place is not None) != (":" in kind.usage):
        raise refusal(", or ".join([*_SOURCE_WORDS, *installed_names()]))
    return value


def _is_pair(value: str) -> str:
    names = value.split(",")
    if len(names) != 2 or not all(map(is_name, names)) or names[0] == names[1]:  # noqa: PLR2004
        raise ValueError("not two names")
    return value


def _is_origin(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    is_url = scheme in {"http", "https"} and separator and rest and "/" not in rest
    if value != "*" and not is_url:
        raise ValueError("not an origin")
    return value


def _is_host_pattern(value: str) -> str:
    name = value.removeprefix("*.")
    if value != "*" and not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", name):
        raise ValueError("not a host name")
    return value.rstrip(".")


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_alone(value: _Place, info: ValidationInfo) -> _Place:
    """Refuse identities beside the options that do without."""
    for field in ("allow_anonymous", "local_admin"):
        if value is not None and info.data.get(field):
            option = f"--{field.replace('_', '-')}"
            raise refusal(f"identities without {option}, which is for servers that have none")
    return value


def _is_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("not printable")
    return value


def _is_file(value: Path | None) -> Path | None:
    if value is not None and not value.is_file():
        raise ValueError("not a file")
    return value


def _is_path(value: object) -> object:
    if isinstance(value, str) and not (value and value.isprintable()):
        raise ValueError("not printable")
    return value


def _is_directory(value: Path | None) -> Path | None:
    if value is not None and not (value.is_dir() or (value.parent.is_dir() and not _is(value))):
        raise ValueError("not a directory, and none can be made there")
    return value


def _is(path: Path) -> bool:
    """Tell whether there is anything, a link into nowhere included."""
    return path.is_symlink() or path.exists()


def _is_of_certificate(value: Path | None, info: ValidationInfo) -> Path | None:
    if value is not None and info.data.get("tls_cert") is None:
        raise refusal("a key together with --tls-cert, whose key it is")
    return value


def _is_network(value: str) -> str:
    ipaddress.ip_network(value)  # raises ValueError
    return value


def _is_scope(value: str) -> str:
    if not re.fullmatch(r"/[^\s=]*=[a-z]+", value):
        raise ValueError("not a path and a scope")
    return value


def _has_socket_to_take(value: bool, info: ValidationInfo) -> bool:
    if value and info.data.get("hold_socket"):
        raise refusal("a takeover without --hold-socket, whose SIGHUP does it")
    return value


def _holds_by_itself(value: int, info: ValidationInfo) -> int:
    if info.data.get("hold_socket"):
        raise refusal("workers without --hold-socket, since they have their sockets held already")
    if info.data.get("wait_for"):
        raise refusal("workers without --wait-for, which counts the subscribers of one process")
    if info.data.get("takeover") and info.data.get("state") is None:
        raise refusal("workers together with --state, where --takeover has them go on")
    return value


def _is_safe_host(host: str, info: ValidationInfo) -> str:
    if is_loopback(host):
        return host
    if _has_identities(info.data):
        if not _is_private(info.data):
            raise refusal(
                "127.0.0.1, ::1 or localhost, since secrets would cross the network as they are; "
                "any address with --tls-cert, with --trust-proxy of a proxy that encrypts, "
                "or with --insecure, where something else sees to that"
            )
    elif info.data.get("allow_anonymous") is False:
        raise refusal(
            "127.0.0.1, ::1 or localhost, since no identities are configured and whoever reaches "
            "another address could read everything; any address together with --keys, or with "
            "--allow-anonymous"
        )
    return host


def _is_key_source(value: str | None, info: ValidationInfo) -> str | None:
    """Accept the place of signing keys, beside whose tokens they are of."""
    if value is None:
        return None
    if "://" in value:
        if not _is_safe_url(value):
            raise ValueError("not a safe URL")
    elif not Path(value).is_file():
        raise ValueError("not a file")
    if not info.data.get("jwt_issuer"):
        raise refusal("signing keys together with --jwt-issuer, whose tokens they sign")
    return value


def _is_safe_url(where: str) -> bool:
    """Tell whether nobody on the way can replace what a URL gives: TLS, or this machine."""
    parts = urlsplit(where)
    if parts.username is not None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _has_identities(data: Mapping[str, Any]) -> bool:
    """Tell whether options before the address say who may come in."""
    return data.get("keys") is not None or data.get("jwt_keys") is not None


def _is_private(data: Mapping[str, Any]) -> bool:
    """Tell whether options before the address say how secrets are kept from others on the way."""
    is_known = data.get("insecure") is not False or data.get("tls_cert") is not None
    return is_known or bool(data.get("trust_proxy"))


class Settings(
    AlertOptions, ClusterOptions, EdgeOptions, JobOptions, LanguageModelOptions, RoomOptions
):
    """The options of a server with any source. `Settings(port=0)` reads its arguments alone.

    A field's description is its help text on the command line. The second half are tunables, which
    have variables and TOML keys, but are not options of the command line.
    """

    config: Annotated[Path | None, Accepts("a readable TOML file")] = Field(
        default=None, description="TOML file with any of these options."
    )
    # Before host, whose check looks at it.
    allow_anonymous: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="Let everybody in that reaches the address."
    )
    local_admin: Annotated[bool, Accepts("true or false")] = Field(
        default=False,
        description="Let programs on this machine administer a server without identities.",
    )
    insecure: Annotated[bool, Accepts("true or false")] = Field(
        default=False,
        description="Take secrets over a network without TLS: something else encrypts.",
    )
    keys: Annotated[
        Path | None,
        AfterValidator(_is_file),
        AfterValidator(_is_alone),
        Accepts("the path of a keys file, as feed key new makes it"),
    ] = Field(default=None, description="File of keys, read again when it changes.")
    jwt_issuer: Annotated[
        Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_is_printable)] | None,
        Accepts("printable text"),
    ] = Field(default=None, description="Issuer of tokens (JWT) that are accepted: their iss.")
    jwt_audience: Annotated[
        str,
        Field(min_length=1, max_length=256),
        AfterValidator(_is_printable),
        Accepts("printable text"),
    ] = Field(default="feed", description="Audience that tokens have to be for: their aud.")
    jwt_keys: Annotated[
        str | None,
        AfterValidator(_is_key_source),
        AfterValidator(_is_alone),
        Accepts("a file with a secret, a public key in PEM or a JWKS, or the https URL of a JWKS"),
    ] = Field(
        default=None, description="File, or URL, of the keys that tokens (JWT) are signed with."
    )
    trust_proxy: Annotated[
        tuple[Annotated[str, AfterValidator(_is_network)], ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        Accepts("networks such as 10.0.0.0/8 or fd00::/8, or addresses"),
    ] = Field(
        default=(),
        description="Network of proxies whose word on who asks counts; may be repeated.",
    )
    tls_cert: Annotated[
        Path | None, AfterValidator(_is_file), Accepts("the path of a certificate in PEM")
    ] = Field(
        default=None,
        description="Encrypt with this certificate and its chain; read again when it changes.",
    )
    tls_key: Annotated[
        Path | None,
        AfterValidator(_is_file),
        AfterValidator(_is_of_certificate),
        Accepts("the path of its private key in PEM, without a passphrase"),
    ] = Field(default=None, description="Key of --tls-cert; by default in the same file.")
    host: Annotated[
        str,
        Field(min_length=1),
        AfterValidator(_is_safe_host),
        Accepts("an address or a host name"),
    ] = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[
        int,
        BeforeValidator(not_a_boolean),
        Field(ge=0, le=65_535),
        Accepts("a whole number from 0 (any free port) to 65535"),
    ] = Field(default=8080, description="Port to listen on; 0 takes a free one.")
    source: Annotated[
        tuple[Annotated[str, AfterValidator(_is_source)], ...],
        NoDecode,
        BeforeValidator(texts),
        Field(min_length=1, max_length=MAX_SOURCES),
        Accepts(
            f"{', or '.join(_SOURCE_WORDS)}; NAME= before it, and ?OPTION=VALUE&… behind it",
            "|".join(kind.usage for kind in _KINDS),
        ),
    ] = Field(
        default=(DEFAULT,),
        description=f"Where ticks come from: {' or '.join(kind.usage for kind in _KINDS)}; may be "
        "repeated, each with a name: md=sim.",
    )
    pair: Annotated[
        tuple[Annotated[str, AfterValidator(_is_pair)], ...],
        NoDecode,
        BeforeValidator(texts),
        Accepts("the names of two sources, such as a,b"),
    ] = Field(
        default=(), description="Two sources that tell the same market, once; may be repeated."
    )
    batch_ms: Annotated[
        Annotated[
            float, BeforeValidator(not_a_boolean), Field(gt=0, le=10_000, allow_inf_nan=False)
        ]
        | None,
        Accepts("milliseconds, more than 0 and at most 10000"),
    ] = Field(default=None, description="Fixed interval of cuts; by default cuts follow the load.")
    fan_out: Annotated[Engine, Accepts(" or ".join(Engine), "|".join(Engine))] = Field(
        default=Engine.AUTO,
        description="What writes frames to sockets; auto takes the best that is allowed here.",
    )
    send_threads: Annotated[
        Annotated[int, BeforeValidator(not_a_boolean), Field(ge=1, le=8)] | None,
        Accepts("a whole number from 1 to 8"),
    ] = Field(
        default=None,
        description="The most threads that write frames together; by default one a usable core.",
    )
    ring: Annotated[
        int,
        BeforeValidator(not_a_boolean),
        Field(ge=2, le=MAX_CAPACITY),
        AfterValidator(_is_power_of_two),
        Accepts(f"a power of two from 2 to {MAX_CAPACITY}"),
    ] = Field(
        default=DEFAULT_CAPACITY,
        description="How many ticks are kept for subscribers that come back.",
    )
    state: Annotated[
        Path | None,
        BeforeValidator(_is_path),
        AfterValidator(_is_directory),
        Accepts("the path of a directory, made where there is none, for one server at a time"),
    ] = Field(
        default=None,
        description="Directory of what is kept over restarts; by default nothing is.",
    )
    instruments: Annotated[
        Path | None,
        AfterValidator(_is_file),
        Accepts("the path of a CSV or JSON file with symbol, name, class, price_step …"),
    ] = Field(
        default=None,
        description="File of reference data: names, classes, sectors, price steps, lots.",
    )
    wait_for: Annotated[
        int,
        BeforeValidator(not_a_boolean),
        Field(ge=0, le=1 << 20),
        Accepts("a whole number from 0"),
    ] = Field(default=0, description="Hold the first tick until this many subscribers are there.")
    wait_for_timeout_s: Annotated[Seconds, SECONDS] = Field(
        default=60.0, description="Begin after this many seconds in any case."
    )
    allow_origin: Annotated[
        tuple[Annotated[str, AfterValidator(_is_origin)], ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        Accepts("origins such as https://example.com, or *"),
    ] = Field(
        default=(), description="Origin whose pages may read; may be repeated. Default: its own."
    )
    allow_host: Annotated[
        tuple[Annotated[str, AfterValidator(_is_host_pattern)], ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        Accepts("host names such as feed.example.com, *.example.com, or *"),
    ] = Field(
        default=(),
        description="Name under which the server may be asked for; may be repeated. Default: this "
        "machine's own on a loopback address, any elsewhere.",
    )
    hold_socket: Annotated[bool, Accepts("true or false")] = Field(
        default=False,
        description="Keep the socket while SIGHUP starts the server anew, so that clients wait.",
    )
    takeover: Annotated[
        bool,
        AfterValidator(_has_socket_to_take),
        Accepts("true or false"),
    ] = Field(
        default=False,
        description="Go on for the server with this --state, or address; it leaves then.",
    )
    workers: Annotated[
        Annotated[
            int,
            BeforeValidator(not_a_boolean),
            Field(ge=1, le=MAX_WORKERS),
            AfterValidator(_holds_by_itself),
        ]
        | None,
        Accepts(f"a whole number from 1 to {MAX_WORKERS}"),
    ] = Field(
        default=None,
        description="Serve with this many processes, beside one that takes events in; by default "
        "one process does all.",
    )
    drain_s: Annotated[
        Annotated[
            float, BeforeValidator(not_a_boolean), Field(ge=0, le=3_600, allow_inf_nan=False)
        ],
        Accepts("seconds, from 0 (nothing else takes subscribers in) to 3600"),
    ] = Field(
        default=0.0,
        description="Behind a balancer: send subscribers away over this many seconds at the end.",
    )
    scope: Annotated[
        tuple[Annotated[str, AfterValidator(_is_scope)], ...],
        NoDecode,
        BeforeValidator(split_at_commas),
        Accepts("a path and open, local, granted or admin, such as /metrics=open"),
    ] = Field(
        default=(),
        description="Who may ask for a path, where it is not as usual; may be repeated.",
    )

    high_water_bytes: Annotated[
        Count,
        COUNT,
        Tunes("Bytes that a socket may hold back; a subscriber above is not written to."),
    ] = 65_536
    slow_timeout_s: Annotated[
        Seconds,
        SECONDS,
        Tunes("How long a socket may take nothing before its subscriber is dropped."),
    ] = 10.0
    new_epoch_ticks: Annotated[
        Annotated[int, BeforeValidator(not_a_boolean), Field(ge=0, le=1 << 24)],
        Accepts("a whole number from 0 to 16777216"),
        Tunes("The most ticks of a new epoch that readers of an earlier one are given; 0: none."),
    ] = 4_096
    lag_max_ticks: Annotated[
        Count | None,
        COUNT,
        Tunes("Ticks that a subscriber may be behind; above, it counts as overrun."),
    ] = None
    resume_window_s: Annotated[
        Seconds, SECONDS, Tunes("How far the ring shall reach back; an alert compares.")
    ] = 60.0
    stale_after_gaps: Annotated[
        float,
        BeforeValidator(not_a_boolean),
        Field(ge=2, le=1_000, allow_inf_nan=False),
        Accepts("how many times the usual gap between ticks, from 2 to 1000"),
        Tunes("Silence after which a symbol is stale, in its own usual gaps."),
    ] = 10.0
    stale_floor_s: Annotated[
        Seconds, SECONDS, Tunes("A silence that is shorter is never stale.")
    ] = 5.0
    pair_window_s: Annotated[
        Seconds,
        SECONDS,
        Tunes("How late one side of a pair may tell what the other one has told."),
    ] = 60.0
    keepalive_s: Annotated[Seconds, SECONDS, Tunes("Silence after which SSE gets a keepalive.")] = (
        3.0  # some clients give up after 5, and a busy server or network may take one of them
    )
    mark_interval_s: Annotated[Seconds, SECONDS, Tunes("The longest time between two marks.")] = (
        10.0
    )
    ping_interval_s: Annotated[
        Seconds, SECONDS, Tunes("Time between two pings of a WebSocket.")
    ] = 20.0
    pong_timeout_s: Annotated[
        Seconds, SECONDS, Tunes("How long a pong may take before its subscriber is dropped.")
    ] = 10.0
    auth_timeout_s: Annotated[
        Seconds, SECONDS, Tunes("How long a WebSocket may take to say who it is.")
    ] = 10.0
    max_connections: Annotated[Count, COUNT, Tunes("Subscribers that are let in.")] = 20_000
    max_connections_per_identity: Annotated[
        Count, COUNT, Tunes("Subscribers of one key or token that are let in.")
    ] = 10_000
    max_connections_per_address: Annotated[
        Count, COUNT, Tunes("Subscribers of one address, or of an IPv6 /64, that are let in.")
    ] = 1_000
    max_new_connections_per_s: Annotated[
        Rate, RATE, Tunes("New connections a second of one address; ten seconds' at once.")
    ] = 100
    max_requests_per_s: Annotated[
        Rate, RATE, Tunes("Finite requests a second of one identity; five seconds' at once.")
    ] = 100
    max_handshakes: Annotated[
        Count, COUNT, Tunes("TLS handshakes at once, of each worker; above, the oldest is closed.")
    ] = 4_096
    max_waiting_connections: Annotated[
        Count,
        COUNT,
        Tunes(
            "Connections between requests, or before the first, of each worker; above, the oldest "
            "is closed."
        ),
    ] = 16_384
    max_unfinished_heads_bytes: Annotated[
        Count,
        COUNT,
        Tunes(
            "Bytes of requests and messages that are not whole, and of answers not taken yet, of "
            "each worker."
        ),
    ] = 32 * 1024 * 1024
    head_timeout_s: Annotated[
        Seconds, SECONDS, Tunes("How long the head of a request may take, and its body.")
    ] = 10.0
    idle_timeout_s: Annotated[
        Seconds,
        SECONDS,
        Tunes("Silence between two requests; shorter than a proxy's own makes it answer 502."),
    ] = 75.0
    max_symbols_per_connection: Annotated[
        Count, COUNT, Tunes("Symbols of one subscriber, over all channels.")
    ] = 5_000
    max_index_entries: Annotated[
        Count,
        COUNT,
        Tunes("Symbols per channel of all different selections together, of each worker."),
    ] = 2_000_000
    max_lanes_per_identity: Annotated[
        Count,
        COUNT,
        Tunes(
            "Different frames that the subscribers of one identity get together, of each worker."
        ),
    ] = 2_000
    max_projections: Annotated[
        Count,
        COUNT,
        Tunes("Different projections (fields) of ticks, each with its own ring, of each worker."),
    ] = 8
    max_projections_per_identity: Annotated[
        Count,
        COUNT,
        Tunes("Those that the subscribers of one identity get together, of each worker."),
    ] = 2
    max_egress_bytes_per_s: Annotated[
        Count | None,
        COUNT,
        Tunes(
            "Bytes a second written to one identity, by each worker; above, conflated. Needs Linux."
        ),
    ] = None
    max_memory_bytes: Annotated[
        Count,
        COUNT,
        Tunes(
            "Bytes of compressors, buffers and caches, of each worker, above which nobody more is "
            "let in."
        ),
    ] = 512 * 1024 * 1024
    max_memory_hard_bytes: Annotated[
        Count,
        COUNT,
        Tunes("The same, of each worker, above which the slowest subscribers are dropped."),
    ] = 1024 * 1024 * 1024
    max_control_messages_per_s: Annotated[
        Count, COUNT, Tunes("Control messages of one WebSocket, pings among them.")
    ] = 50
    max_control_bytes_per_s: Annotated[
        Count, COUNT, Tunes("Bytes a second of those messages, inflated; five seconds' at once.")
    ] = 512 * 1024
    max_control_ms_per_s: Annotated[
        Count,
        COUNT,
        Tunes("Milliseconds of work a second that they may be; five seconds' at once."),
    ] = 50
    shutdown_timeout_s: Annotated[
        Seconds, SECONDS, Tunes("How long subscribers may take to hear the goodbye.")
    ] = 1.0

    @classmethod
    def option_fields(cls) -> list[str]:
        """Return the names of the options: the server's own, then those of its parts."""
        blocks = (
            *(EdgeOptions, ClusterOptions, AlertOptions, RoomOptions),
            *(JobOptions, LanguageModelOptions),
        )
        last = [field for block in blocks for field in block.option_fields()]
        return [field for field in cls.model_fields if field not in last] + last

    @property
    def pairs(self) -> tuple[tuple[str, ...], ...]:
        """The names of the sources of each pair."""
        return tuple(tuple(names.split(",")) for names in self.pair)

    @model_validator(mode="after")
    def _has_keys_of_its_issuer(self) -> Self:
        if self.jwt_issuer is not None and self.jwt_keys is None:
            raise refusal(
                "an issuer together with --jwt-keys, which its tokens are signed with: without "
                "them everybody would be let in",
                field="jwt_issuer",
            )
        return self

    @model_validator(mode="after")
    def _can_know_what_is_sent(self) -> Self:
        if self.max_egress_bytes_per_s is not None and sys.platform != "linux":
            raise refusal(
                "none here: it needs Linux, whose kernel tells how much of a connection it has "
                "sent (TCP_INFO); elsewhere nobody could be held to it",
                field="max_egress_bytes_per_s",
            )
        return self
