"""The options of a replay: where its files are, how they are read, and between which times."""

from pathlib import Path

import pytest

from feed.settings.load import InvalidSettings, load_settings
from feed.sources.replay.event_time import rfc3339_ns
from feed.sources.replay.options import ReplayOptions

BEGIN, END = "2025-01-02T14:30:00Z", "2025-01-02T15:00:00Z"


@pytest.fixture
def files(tmp_path: Path) -> str:
    """Return two files, as `--source` has them."""
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text("")
    return f"{tmp_path}/1.csv,{tmp_path}/2.csv"


def options_of(source: str, **options: str) -> ReplayOptions:
    _, [chosen] = load_settings({"source": [source], **options})
    assert isinstance(chosen.options, ReplayOptions)
    return chosen.options


def test_bounds_and_columns_stand_beside_a_source_or_in_it(
    files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = "timestamp=t,price=p,size=s"
    beside = options_of(
        f"replay:{files}",
        **{"from": BEGIN, "to": END, "columns": columns, "time_unit": "us", "symbol": "A"},
    )
    within = options_of(
        f"day=replay:{files}?from={BEGIN}&to={END}&columns={columns}&time-unit=us&symbol=A"
    )
    monkeypatch.setenv("FEED_FROM", BEGIN)
    monkeypatch.setenv("FEED_SOURCE", f"replay:{files}")
    _, [by_variables] = load_settings({})
    assert isinstance(by_variables.options, ReplayOptions)
    assert by_variables.options.reading.begin_ns == rfc3339_ns(BEGIN)
    assert beside.place == within.place == by_variables.options.place == files
    assert beside.reading == within.reading
    assert (beside.reading.end_ns, beside.reading.unit_ns) == (rfc3339_ns(END), 1_000)
    assert beside.reading.chosen is not None
    assert beside.reading.chosen.columns == {"timestamp": "t", "price": "p", "size": "s"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"from": "noon"}, "--from: 'noon' is not accepted; accepted: a time such as"),
        ({"from": END, "to": BEGIN}, "accepted: a time such as .* after --from"),
        ({"columns": "price=p"}, "--columns: 'price=p' .* timestamp, size of trades is not named"),
        ({"time_unit": "h"}, "--time-unit: 'h' is not accepted; accepted: s, ms, us or ns"),
        ({"symbol": "A,B"}, "--symbol: 'A,B' is not accepted; accepted: 1 to 64 printable"),
    ],
)
def test_what_is_no_option_of_a_replay_is_refused(
    options: dict[str, str], words: str, files: str
) -> None:
    with pytest.raises(InvalidSettings, match=words):
        options_of(f"replay:{files}", **options)


def test_a_place_without_files_is_refused(tmp_path: Path) -> None:
    for place, words in (
        (tmp_path, "is a directory"),
        (tmp_path / "gone.csv", "gone.csv is not there"),
        (tmp_path / "*.csv", "no file is named so"),
    ):
        with pytest.raises(InvalidSettings, match=words):
            options_of(f"replay:{place}")
