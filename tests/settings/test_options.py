"""Options: their defaults, their limits, where they come from, and how a bad one is named."""

import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from feed.settings.load import InvalidSettings, built_in_blocks, load_settings
from feed.settings.options import SAFEGUARDS, Settings
from feed.sources.options import Options
from feed.sources.replay.options import ReplayOptions
from feed.sources.simulated.options import SimulatedOptions

FIELDS = [field for block in built_in_blocks() for field in block.option_fields()]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FEED_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "feed.toml"


def problems_of(options: dict[str, object]) -> list[str]:
    with pytest.raises(InvalidSettings) as error:
        load_settings(options)
    lines = str(error.value).splitlines()
    assert len(lines) == len(error.value.problems)
    return lines


def simulated(options: dict[str, object]) -> SimulatedOptions:
    _, [source] = load_settings(options)
    assert isinstance(source.options, SimulatedOptions)
    return source.options


def replayed(options: dict[str, object]) -> ReplayOptions:
    _, [source] = load_settings(options)
    assert isinstance(source.options, ReplayOptions)
    return source.options


def test_the_defaults_are_the_contract(tmp_path: Path) -> None:
    settings, _ = load_settings({})
    source = simulated({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.source, source.symbols, source.rate) == (("sim",), 100, 1000)
    assert (source.seed, source.start, source.start_ns) == (None, None, None)
    assert (settings.batch_ms, settings.ring) == (None, 131_072)
    (tmp_path / "x.ndjson").touch()
    replay = replayed({"source": f"replay:{tmp_path / 'x.ndjson'}"})
    assert (replay.speed, replay.loop, replay.on_bad_row) == (1, False, "skip")
    assert (settings.wait_for, settings.allow_origin) == (0, ())
    assert settings.allow_anonymous is False
    assert (settings.high_water_bytes, settings.slow_timeout_s) == (65_536, 10)
    assert settings.lag_max_ticks is None


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_settings_made_directly_read_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_PORT", "1")
    assert Settings().port == 8080


def test_the_command_line_beats_variables_and_they_beat_the_file(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text("port = 1\nrate = 1\nseed = 1\n")
    monkeypatch.setenv("FEED_RATE", "2")
    monkeypatch.setenv("FEED_SEED", "2")
    given: dict[str, object] = {"config": "feed.toml", "seed": "3"}
    settings, source = load_settings(given)[0], simulated(given)
    assert isinstance(source, SimulatedOptions)
    assert (settings.port, source.rate, source.seed) == (1, 2, 3)


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 3_000], ids=["digits", "deep"])
def test_a_file_of_excessive_values_is_refused(toml: Path, value: str) -> None:
    toml.write_text(f"rate = {value}\n")
    [problem] = problems_of({"config": "feed.toml"})
    assert problem.startswith("--config: 'feed.toml' is not accepted; accepted: a file in TOML;")


def test_a_hexadecimal_number_of_any_length_is_refused(toml: Path) -> None:
    toml.write_text(f"port = 0x{'f' * 5_000}\n")
    [problem] = problems_of({"config": "feed.toml"})
    assert problem.startswith("feed.toml: port: ")


def test_a_variable_may_name_the_file(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.write_text("rate = 5\n")
    monkeypatch.setenv("FEED_CONFIG", "feed.toml")
    assert simulated({}).rate == 5


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_RATE", "")
    assert simulated({}).rate == 1000


@pytest.mark.parametrize("field", SAFEGUARDS)
def test_an_empty_variable_of_a_safeguard_is_refused(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"FEED_{field.upper()}"
    monkeypatch.setenv(name, "")
    assert problems_of({})[0].startswith(f"{name}: '' is not accepted; accepted: ")
    (tmp_path / "keys").touch()
    options: dict[str, object] = {"keys": tmp_path / "keys"}
    if field in options:
        assert load_settings(options)[0].keys == tmp_path / "keys", "what is typed is stronger"


def test_an_issuer_without_keys_of_its_tokens_is_refused(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "'https://idp.example' is not accepted; accepted: an issuer together with --jwt-keys"
    [problem] = problems_of({"jwt_issuer": "https://idp.example"})
    assert problem.startswith(f"--jwt-issuer: {words}")
    monkeypatch.setenv("FEED_JWT_ISSUER", "https://idp.example")
    assert problems_of({})[0].startswith(f"FEED_JWT_ISSUER: {words}")
    monkeypatch.delenv("FEED_JWT_ISSUER")
    toml.write_text("jwt_issuer = 'https://idp.example'\n")
    assert problems_of({"config": toml})[0].startswith(f"{toml}: jwt_issuer: {words}")
    with pytest.raises(ValidationError, match="together with --jwt-keys"):
        Settings(jwt_issuer="https://idp.example")


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "config"])
def test_every_option_is_read_from_every_source(
    field: str, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No value is a list of lists, so every option complains about this, wherever it stands.
    toml.write_text(f"{field} = [[]]\n")
    assert any(
        line.startswith(f"feed.toml: {field}: ") for line in problems_of({"config": "feed.toml"})
    )
    texts = {"host", "symbols", "jwt_issuer", "jwt_audience", "state"}
    if field not in texts:
        monkeypatch.setenv(f"FEED_{field.upper()}", "???")
        assert problems_of({})[0].startswith(f"FEED_{field.upper()}: '???' is not accepted")
    option = f"--{field.replace('_', '-')}"
    assert any(line.startswith(f"{option}: [[]] is not") for line in problems_of({field: [[]]}))


def test_all_problems_are_told_at_once_by_the_names_they_were_written_under(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text("ring = 1000\nratee = 5\n")
    monkeypatch.setenv("FEED_PORT", "http")
    lines = problems_of({"config": "feed.toml", "rate": "fast", "host": "0.0.0.0"})
    starts = [line.split(" is not accepted")[0] for line in lines]
    assert sorted(starts) == sorted(
        [
            "feed.toml: ratee: no such option; did you mean rate or state?",
            "feed.toml: ring: 1000",
            "FEED_PORT: 'http'",
            "--rate: 'fast'",
            "--host: '0.0.0.0'",
        ]
    )
    assert "accepted: a power of two from 2 to 16777216" in str(lines)


ACCEPTED: list[tuple[str, object, object]] = [
    ("port", "0", 0),
    ("rate", "1e5", 100_000),
    ("rate", "0.5", 0.5),
    ("symbols", "5", 5),
    ("symbols", "AAPL, BRK.B,BTC/USD", ("AAPL", "BRK.B", "BTC/USD")),
    ("symbols", ["AAPL"], ("AAPL",)),
    ("seed", "18446744073709551615", 2**64 - 1),
    ("start", "2026-01-02T14:30:00Z", datetime(2026, 1, 2, 14, 30, tzinfo=UTC)),
    ("start", "2026-01-02T15:30:00+01:00", datetime(2026, 1, 2, 14, 30, tzinfo=UTC)),
    ("batch_ms", "50", 50),
    ("ring", "1024", 1024),
    ("host", "localhost", "localhost"),
    ("host", "::1", "::1"),
    ("host", "127.3.2.1", "127.3.2.1"),
    ("allow_origin", "https://a.example", ("https://a.example",)),
    ("allow_origin", "https://a.b,http://localhost:80", ("https://a.b", "http://localhost:80")),
    ("allow_origin", ["*"], ("*",)),
    ("wait_for", "4", 4),
    ("lag_max_ticks", "10", 10),
]


@pytest.mark.parametrize(("field", "written", "value"), ACCEPTED)
def test_accepted(field: str, written: object, value: object) -> None:
    settings, [source] = load_settings({field: written})
    blocks: list[Options] = [settings, source.options]
    (accepted,) = [getattr(block, field) for block in blocks if field in block.option_fields()]
    assert accepted == value


REFUSED: list[tuple[str, object]] = [
    *[("port", value) for value in ("-1", "65536", "1.5", "http", True)],
    *[("rate", value) for value in ("0", "-1", "nan", "inf", "1e9", True)],
    *[("symbols", value) for value in ("4", "5001", "-1", "", "A?B", ["A", ""], True, "A,A")],
    *[("seed", value) for value in ("-1", "1.5", str(2**64), True)],
    *[
        ("start", value)
        for value in ("now", "1700000000", 1_700_000_000, "2026-01-02", "2026-01-02T14:30:00")
    ],
    *[("batch_ms", value) for value in ("0", "-5", "nan", "inf", "10001")],
    *[("ring", value) for value in ("0", "1", "1000", "33554432", "-1024")],
    *[("source", value) for value in ("nats", "replay", "replay:", "replay:/no/such/file.csv")],
    *[("allow_origin", value) for value in ("example.com", "ftp://a", ["https://a/b"], "https://")],
    *[("wait_for", value) for value in ("-1", "many")],
    *[("wait_for_timeout_s", value) for value in ("0", "-1", "inf")],
    *[("host", value) for value in ("", "0.0.0.0", "::", "192.168.1.7", "feed.example")],
    *[("slow_timeout_s", value) for value in ("0", "nan", True)],
    *[("max_connections", value) for value in ("0", "1.5", True)],
]


@pytest.mark.parametrize(("field", "written"), REFUSED)
def test_refused(field: str, written: object) -> None:
    (line,) = problems_of({field: written})
    assert line.startswith(f"--{field.replace('_', '-')}: {written!r} is not accepted; accepted: ")
    assert not line.endswith("accepted: ")


def test_another_address_needs_allow_anonymous_and_the_message_says_why() -> None:
    (line,) = problems_of({"host": "0.0.0.0"})
    assert "no identities are configured" in line
    assert "--allow-anonymous" in line
    settings, _ = load_settings({"host": "0.0.0.0", "allow_anonymous": True})
    assert settings.host == "0.0.0.0"


def test_identities_off_this_machine_want_their_secrets_kept(tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.touch()
    assert load_settings({"keys": str(keys)})[0].keys == keys, "on this machine nothing is wanted"
    (line,) = problems_of({"host": "0.0.0.0", "keys": str(keys)})
    assert "secrets would cross the network" in line
    assert "--insecure" in line
    settings, _ = load_settings({"host": "0.0.0.0", "keys": str(keys), "insecure": True})
    assert (settings.host, settings.insecure) == ("0.0.0.0", True)
    behind = {"host": "0.0.0.0", "keys": str(keys), "trust_proxy": "10.0.0.0/8,fd00::/8"}
    assert load_settings(behind)[0].trust_proxy == ("10.0.0.0/8", "fd00::/8")
    (line,) = problems_of({"host": "0.0.0.0", "insecure": True})
    assert "no identities are configured" in line, "it is not about whom to let in"


@pytest.mark.parametrize("option", ["allow_anonymous", "local_admin"])
def test_identities_and_options_of_servers_without_any_exclude_each_other(
    option: str, tmp_path: Path
) -> None:
    (tmp_path / "keys.toml").touch()
    given = {"keys": str(tmp_path / "keys.toml"), option: True}
    (line,) = problems_of(given)
    assert line.startswith("--keys: ")
    assert f"without --{option.replace('_', '-')}" in line


def test_a_replay_is_named_by_its_file(tmp_path: Path) -> None:
    recording = tmp_path / "x.ndjson"
    recording.touch()
    replay = replayed({"source": f"replay:{recording}", "speed": "max", "loop": True})
    assert replay.place == str(recording)
    assert (replay.speed, replay.loop) == (math.inf, True)
    assert replay.describe() == f"a replay of {recording}"


def test_a_name_with_a_place_may_hold_anything_after_the_colon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b:c.csv").touch()
    assert replayed({"source": "replay:./a b:c.csv"}).place == "./a b:c.csv"


@pytest.mark.parametrize("text", ["", "sim:", "sim:5", "replay", "Replay:a.csv", "a.csv", "nats"])
def test_a_source_that_does_not_exist_is_refused_with_those_that_do(text: str) -> None:
    (line,) = problems_of({"source": text})
    accepted = "accepted: sim, or replay:FILE, where FILE is one or several, parted by commas"
    assert line.startswith(f"--source: {text!r} is not accepted; {accepted}")


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "0.0001", "fast", True])
def test_a_speed_that_no_replay_has_is_refused(speed: object, tmp_path: Path) -> None:
    recording = tmp_path / "x.ndjson"
    recording.touch()
    (line,) = problems_of({"source": f"replay:{recording}", "speed": speed})
    assert line.startswith(f"--speed: {speed!r} is not accepted; accepted: a factor")


@pytest.mark.parametrize("field", ["speed", "loop", "on_bad_row"])
def test_an_option_that_is_typed_and_would_do_nothing_is_refused(field: str) -> None:
    values: dict[str, object] = {"speed": "max", "loop": True, "on_bad_row": "stop"}
    (line,) = problems_of({field: values[field]})
    assert line.endswith("accepted: only with --source replay:FILE")


@pytest.mark.parametrize("field", ["rate", "seed", "start", "symbols"])
def test_so_is_an_option_of_the_simulator_beside_a_replay(field: str, tmp_path: Path) -> None:
    recording = tmp_path / "x.ndjson"
    recording.touch()
    values = {"rate": "5", "seed": "1", "start": "2026-01-02T14:30:00Z", "symbols": "5"}
    (line,) = problems_of({"source": f"replay:{recording}", field: values[field]})
    assert line.partition("accepted: ")[2].startswith("only with --source sim")


def test_a_file_may_hold_options_of_both_sources(toml: Path) -> None:
    toml.write_text('speed = "max"\nrate = 7\n')
    assert simulated({"config": "feed.toml"}).rate == 7


def test_the_start_is_exact_in_nanoseconds(toml: Path) -> None:
    assert simulated({"start": "2026-01-02T14:30:00.123456Z"}).start_ns == 1767364200123456000
    toml.write_text("start = 2026-01-02T14:30:00.123456Z\n")
    assert simulated({"config": "feed.toml"}).start_ns == 1767364200123456000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"rate = \n", "--config: 'feed.toml' is not accepted; accepted: a file in TOML.*line 1"),
        (b"\xff\xfe", "--config: 'feed.toml' is not accepted; accepted: a file in TOML"),
        (b'config = "other.toml"', "feed.toml: config: no such option"),
        (b"batch-ms = 5", "feed.toml: batch-ms: no such option; did you mean batch_ms"),
        (b"[server]\nport = 1", "feed.toml: server: no such option"),
        (b"xyzzy = 1", "known: allow_anonymous, local_admin, insecure, keys, jwt_issuer"),
    ],
)
def test_a_broken_file_is_told_in_one_line(toml: Path, content: bytes, words: str) -> None:
    toml.write_bytes(content)
    with pytest.raises(InvalidSettings, match=words) as error:
        load_settings({"config": "feed.toml"})
    assert len(error.value.problems) == 1
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["no.toml", "."])
def test_a_file_that_cannot_be_read_is_named(path: str, toml: Path) -> None:
    assert not toml.exists()
    (line,) = problems_of({"config": path})
    assert line.startswith(f"--config: '{path}' is not accepted; accepted: a readable TOML file (")


def test_a_misspelt_variable_is_refused_and_a_strangers_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEED_URL", "http://127.0.0.1:1")  # the client's
    monkeypatch.setenv("FEED_CODECS", "json")  # nearly the client's
    monkeypatch.setenv("FEED_COLOUR", "blue")
    load_settings({})
    monkeypatch.setenv("FEED_RATES", "5")
    (line,) = problems_of({})
    assert line.startswith("FEED_RATES: no such option; did you mean FEED_RATE")


def test_a_service_of_kubernetes_that_is_named_feed_is_no_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEED_PORT", "tcp://10.0.0.1:8080")
    settings, _ = load_settings({})
    assert settings.port == 8080
    monkeypatch.setenv("FEED_PORT", "tcp")
    (line,) = problems_of({})
    assert line.startswith("FEED_PORT: 'tcp' is not accepted")


def test_every_option_has_words_for_what_it_accepts() -> None:
    for field in FIELDS:
        with pytest.raises(InvalidSettings, match=r"; accepted: .+"):
            load_settings({field: "/no/such.toml" if field == "config" else [[]]})


def test_a_limit_of_bytes_is_refused_where_nobody_knows_how_many_were_sent(
    monkeypatch: pytest.MonkeyPatch, toml: Path
) -> None:
    toml.write_text("max_egress_bytes_per_s = 1000\n")
    assert load_settings({"config": toml})[0].max_egress_bytes_per_s == 1_000
    monkeypatch.setattr(sys, "platform", "darwin")
    [problem] = problems_of({"config": toml})
    assert problem.startswith(f"{toml}: max_egress_bytes_per_s: ")
    assert "it needs Linux" in problem
    toml.write_text("")
    assert load_settings({"config": toml})[0].max_egress_bytes_per_s is None
