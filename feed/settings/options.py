"""What a server can be told before it starts: every option, its default and what it accepts.

Knows nothing of where a value was written (that is `options.py`) nor of what an option does.
"""

import ipaddress
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from feed.broadcast.ring import DEFAULT_CAPACITY, MAX_CAPACITY
from feed.market.symbols import is_symbol
from feed.sources.replay.lines import FILE_SHAPE
from feed.sources.simulated.instruments import MAX_SYMBOLS, MIN_SYMBOLS
from feed.sources.simulated.market import MAX_RATE, MIN_RATE

ENV_PREFIX = "FEED_"
REPLAY = "replay:"

_NUMBER = re.compile(r"[-+]?[0-9.]+")
_NANOSECONDS_PER_MICROSECOND = 1_000


@dataclass(frozen=True, slots=True)
class Accepts:
    """What an option accepts, in words, for its error message."""

    words: str


def _refuse(accepted: str) -> PydanticCustomError:
    return PydanticCustomError("accepted", "{accepted}", {"accepted": accepted})


def _no_bool(value: object) -> object:
    # To pydantic True is 1, so `port = true` in a TOML file would listen on port 1.
    if isinstance(value, bool):
        raise ValueError("a boolean")  # noqa: TRY004 - pydantic turns only ValueError into its own
    return value


def _no_number(value: object) -> object:
    # To pydantic a number is a time since 1970, and its size decides in which unit.
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("a number")
    return value


def _is_since_1970(value: datetime | None) -> datetime | None:
    # MessagePack's 64-bit timestamps begin there.
    if value is not None and value < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("before 1970")
    return value


def _split(value: object) -> object:
    """Take `A,B` for a list, as in the environment, beside the lists of TOML."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _symbols(value: object) -> object:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return _split(_no_bool(value))


def _are_symbols(value: int | tuple[str, ...]) -> int | tuple[str, ...]:
    if isinstance(value, int):
        if not MIN_SYMBOLS <= value <= MAX_SYMBOLS:
            raise ValueError("out of range")
    elif not value or not all(map(is_symbol, value)):
        raise ValueError("no symbol")
    elif len(set(value)) < len(value) or len(value) > MAX_SYMBOLS:
        raise _refuse(f"every symbol once, and at most {MAX_SYMBOLS}")
    return value


def _is_power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError("no power of two")
    return value


def _speed(value: object) -> object:
    return math.inf if value == "max" else _no_bool(value)


def _is_speed(value: float) -> float:
    from feed.sources.replay.source import MAX_SPEED, MIN_SPEED  # noqa: PLC0415 - brings all of structlog

    if value != math.inf and not MIN_SPEED <= value <= MAX_SPEED:
        raise _refuse(f"a factor from {MIN_SPEED:g} to {MAX_SPEED:,.0f}, or max")
    return value


def _is_source(value: str) -> str:
    if value == "sim":
        return value
    if not value.startswith(REPLAY):
        raise ValueError("unknown source")
    if not Path(value.removeprefix(REPLAY)).is_file():
        raise _refuse(f"{REPLAY}FILE, where FILE is there, and is {FILE_SHAPE}")
    return value


def _is_origin(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    is_url = scheme in {"http", "https"} and separator and rest and "/" not in rest
    if value != "*" and not is_url:
        raise ValueError("no origin")
    return value


def _is_safe_host(host: str, info: ValidationInfo) -> str:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and info.data.get("allow_anonymous") is False:
        raise _refuse(
            "127.0.0.1, ::1 or localhost, since no identities are configured and whoever reaches "
            "another address could read everything; any address together with --allow-anonymous"
        )
    return host


_Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=1, le=1 << 40)]
_Seconds = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=86_400, allow_inf_nan=False)]
_SECONDS = Accepts("seconds, more than 0 and at most 86400")
_COUNT = Accepts("a whole number from 1")


class Settings(BaseSettings):
    """Every option of a server. `Settings(port=0)` reads nothing but its arguments and defaults.

    A field's description is its help text on the command line. The second half are tunables, which
    have variables and TOML keys and no option on the command line.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        validate_default=False,
    )

    config: Annotated[Path | None, Accepts("a readable TOML file")] = Field(
        default=None, description="TOML file with any of these options."
    )
    # Before host, whose check looks at it.
    allow_anonymous: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="Let everybody in who reaches the address."
    )
    host: Annotated[
        str,
        Field(min_length=1),
        AfterValidator(_is_safe_host),
        Accepts("an address or a host name"),
    ] = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[
        int,
        BeforeValidator(_no_bool),
        Field(ge=0, le=65_535),
        Accepts("a whole number from 0 (any free port) to 65535"),
    ] = Field(default=8080, description="Port to listen on; 0 takes a free one.")
    source: Annotated[
        str,
        AfterValidator(_is_source),
        Accepts(f"sim, or {REPLAY}FILE, where FILE is {FILE_SHAPE}"),
    ] = Field(default="sim", description="Where ticks come from: sim or replay:FILE.")
    symbols: Annotated[
        int | tuple[str, ...],
        NoDecode,
        BeforeValidator(_symbols),
        AfterValidator(_are_symbols),
        Accepts(
            f"how many, from {MIN_SYMBOLS} to {MAX_SYMBOLS}, or a list such as AAPL,BRK.B,BTC/USD"
        ),
    ] = Field(default=100, description="How many symbols are simulated, or which: AAPL,MSFT.")
    rate: Annotated[
        float,
        BeforeValidator(_no_bool),
        Field(ge=MIN_RATE, le=MAX_RATE, allow_inf_nan=False),
        Accepts(f"ticks per second, from {MIN_RATE:g} to {MAX_RATE:,.0f}"),
    ] = Field(
        default=1000.0, description="Simulated trades and quotes per second over all symbols."
    )
    seed: Annotated[
        Annotated[int, BeforeValidator(_no_bool), Field(ge=0, lt=1 << 64)] | None,
        Accepts("a whole number from 0 to 2^64 - 1"),
    ] = Field(
        default=None, description="Seed of the simulation; the same seed gives the same ticks."
    )
    start: Annotated[
        AwareDatetime | None,
        BeforeValidator(_no_number),
        AfterValidator(_is_since_1970),
        Accepts("a time since 1970 with its offset, such as 2026-01-02T14:30:00Z"),
    ] = Field(default=None, description="Event time of the first simulated tick; now by default.")
    batch_ms: Annotated[
        Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=10_000, allow_inf_nan=False)]
        | None,
        Accepts("milliseconds, more than 0 and at most 10000"),
    ] = Field(default=None, description="Fixed interval of cuts; by default cuts follow the load.")
    ring: Annotated[
        int,
        BeforeValidator(_no_bool),
        Field(ge=2, le=MAX_CAPACITY),
        AfterValidator(_is_power_of_two),
        Accepts(f"a power of two from 2 to {MAX_CAPACITY}"),
    ] = Field(
        default=DEFAULT_CAPACITY, description="How many ticks are kept for those who come back."
    )
    speed: Annotated[
        float, BeforeValidator(_speed), AfterValidator(_is_speed), Accepts("a factor, or max")
    ] = Field(default=1.0, description="Speed of a replay: a factor, or max.")
    loop: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="Start a replay over when it ends."
    )
    wait_for: Annotated[
        int,
        BeforeValidator(_no_bool),
        Field(ge=0, le=1 << 20),
        Accepts("a whole number from 0"),
    ] = Field(default=0, description="Hold the first tick until so many subscribers are there.")
    wait_for_timeout_s: Annotated[_Seconds, _SECONDS] = Field(
        default=60.0, description="Begin after so many seconds whoever is there."
    )
    on_bad_row: Annotated[Literal["skip", "stop"], Accepts("skip or stop")] = Field(
        default="skip", description="What to do about a broken row of a recording: skip or stop."
    )
    allow_origin: Annotated[
        tuple[Annotated[str, AfterValidator(_is_origin)], ...],
        NoDecode,
        BeforeValidator(_split),
        Accepts("origins such as https://example.com, or *"),
    ] = Field(
        default=(), description="Origin whose pages may read; may be repeated. Default: its own."
    )

    high_water_bytes: Annotated[_Count, _COUNT] = 65_536
    slow_timeout_s: Annotated[_Seconds, _SECONDS] = 10.0
    lag_max_ticks: Annotated[_Count | None, _COUNT] = None
    resume_window_s: Annotated[_Seconds, _SECONDS] = 60.0
    stale_after_gaps: Annotated[
        float,
        BeforeValidator(_no_bool),
        Field(ge=2, le=1_000, allow_inf_nan=False),
        Accepts("how many times the usual gap between ticks, from 2 to 1000"),
    ] = 10.0
    stale_floor_s: Annotated[_Seconds, _SECONDS] = 5.0
    keepalive_s: Annotated[_Seconds, _SECONDS] = 4.0
    mark_interval_s: Annotated[_Seconds, _SECONDS] = 10.0
    ping_interval_s: Annotated[_Seconds, _SECONDS] = 20.0
    pong_timeout_s: Annotated[_Seconds, _SECONDS] = 10.0
    max_connections: Annotated[_Count, _COUNT] = 20_000
    max_symbols_per_connection: Annotated[_Count, _COUNT] = 5_000
    max_index_entries: Annotated[_Count, _COUNT] = 2_000_000
    max_control_messages_per_s: Annotated[_Count, _COUNT] = 50
    shutdown_timeout_s: Annotated[_Seconds, _SECONDS] = 1.0

    @property
    def replay_file(self) -> Path | None:
        """The recording to replay, or None where the market is simulated."""
        if self.source == "sim":
            return None
        return Path(self.source.removeprefix(REPLAY))

    @property
    def start_ns(self) -> int | None:
        """The simulation's start in nanoseconds since the Unix epoch, or None for now."""
        if self.start is None:
            return None
        since_epoch = self.start - datetime(1970, 1, 1, tzinfo=UTC)
        return since_epoch // timedelta(microseconds=1) * _NANOSECONDS_PER_MICROSECOND

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the hook's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only: `load_settings` reads the rest, and remembers whence it came."""
        return (init_settings,)
