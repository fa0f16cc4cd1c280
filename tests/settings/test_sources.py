"""Several sources: their texts, names and pairs, and whose an option is."""

import os
from pathlib import Path

import pytest

from feed.settings.load import InvalidSettings, load_settings
from feed.sources.chosen import ChosenSource
from feed.sources.simulated.options import SimulatedOptions


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("FEED_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").touch()


def simulated(source: ChosenSource) -> SimulatedOptions:
    assert isinstance(source.options, SimulatedOptions)
    return source.options


def problem_of(**options: object) -> str:
    with pytest.raises(InvalidSettings) as error:
        load_settings(options)
    [line] = str(error.value).splitlines()
    return line


def test_each_source_has_the_options_of_its_text() -> None:
    settings, [md, fx] = load_settings(
        {
            "source": [
                "md=sim?symbols=AAPL,MSFT&rate=5",
                "fx=sim?rate=7&prefix=FX:&rename=AAPL>APPLE",
            ]
        }
    )
    assert settings.source[0] == "md=sim?symbols=AAPL,MSFT&rate=5"
    assert (md.name, simulated(md).symbols, simulated(md).rate) == ("md", ("AAPL", "MSFT"), 5)
    assert (fx.name, simulated(fx).symbols, simulated(fx).rate) == ("fx", 100, 7)
    made = fx.make()
    assert (made.renames.name("AAPL"), made.renames.name("MSFT")) == ("APPLE", "FX:MSFT")
    assert not md.make().renames.changes


@pytest.mark.parametrize(
    "text",
    [
        "alpaca:wss://KEYID:SECRETX@h/v2/iex",
        "alpaca:wss://SECRETX@h/v2/iex",
        "alpaca:http://h/v2/iex?key=KEYID&apca_api_secret_key=SECRETX",
        "a=alpaca:wss://h/v2/iex?key=KEYID&secret=SECRETX",
        "alpaca:wss://h/v2/iex?key=KEYID&secret",
        "alpaca:wss://h?a=1?key=SECRETX&s",
        f"alpaca:wss://{'h' * 90}?token=SECRETX&s",
        "nope:wss://KEYID:SECRETX@h",
        "replay:/nowhere?token=SECRETX",
    ],
)
def test_a_key_on_the_command_line_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidSettings) as error:
        load_settings({"source": [text]})
    assert "SECRETX" not in str(error.value)
    assert "KEYID" not in str(error.value)
    if "alpaca:wss://KEYID" in text or "a=alpaca" in text:
        assert "it comes from the variables APCA_API_KEY_ID" in str(error.value)


def test_bare_options_are_of_the_only_source_that_knows_them() -> None:
    _, [md, replay, stdin] = load_settings(
        {"source": ["md=sim", "replay:x.csv", "-"], "rate": "5", "speed": "max"}
    )
    assert simulated(md).rate == 5
    assert (replay.name, replay.options.place) == ("replay", "x.csv")
    assert (stdin.name, stdin.options.source_name()) == ("stdin", "-")


@pytest.mark.parametrize("place", ["typed", "variable", "file"])
def test_an_option_that_several_know_has_to_stand_in_their_texts(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, object] = {"source": ["a=sim", "b=sim"]}
    if place == "typed":
        options["rate"] = "5"
    elif place == "variable":
        monkeypatch.setenv("FEED_RATE", "5")
    else:
        (tmp_path / "feed.toml").write_text("rate = 5\n")
        options["config"] = "feed.toml"
    line = problem_of(**options)
    assert "in the text of each source that it is for, as in --source 'a=sim?rate=…'" in line
    assert "rate: " in line.lower()


def test_a_list_may_stand_in_the_file_and_in_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feed.toml").write_text('source = ["a=sim?rate=2", "b=sim"]\npair = "a,b"\n')
    settings, sources = load_settings({"config": "feed.toml"})
    assert [source.name for source in sources] == ["a", "b"]
    assert settings.pairs == (("a", "b"),)
    monkeypatch.setenv("FEED_SOURCE", '["c=sim?symbols=A,B,C", "sim"]')
    _, [c, other] = load_settings({})
    assert (simulated(c).symbols, other.name) == (("A", "B", "C"), "sim")


TWO = ["a=sim", "b=sim"]
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"source": ["sim", "sim"]}, "--source: 'sim' is not accepted; accepted: sources whose"),
    ({"source": ["sim", "nats"]}, "--source: 'nats' is not accepted; accepted: sim, or "),
    ({"source": ["sim", "a=-:x"]}, "--source: 'a=-:x' is not accepted; accepted: sim, or "),
    ({"source": "sim?rate=5&loop"}, "[NAME=]SOURCE[?OPTION=VALUE&…]; the option 'loop'"),
    ({"source": ["sim", "b=sim?rate=no"]}, "--source b: rate: 'no' is not accepted; accepted: "),
    ({"source": "sim?rat=5"}, "--source: rat: no such option; did you mean rate?"),
    ({"source": "sim?rename=A"}, "--source: rename: 'A' is not accepted; accepted: symbols"),
    ({"source": "sim?rename=A>B,C>B"}, "each once, such as"),
    ({"source": "sim?prefix=a,b"}, "--source: prefix: 'a,b' is not accepted; accepted: the beg"),
    ({"source": "pipe:x.csv"}, "pipe:FILE, where FILE is a named pipe"),
    ({"source": TWO, "pair": "a,c"}, "--pair: 'a,c' is not accepted; accepted: two of the sources"),
    ({"source": TWO, "pair": "a,a"}, "--pair: 'a,a' is not accepted; accepted: the names of two"),
    ({"source": [*TWO, "c=sim"], "pair": ["a,b", "b,c"]}, "each in one pair"),
    ({"source": [f"s{number}=sim" for number in range(17)]}, "--source: "),
    ({"source": []}, "--source: "),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_what_is_not_accepted_is_told_with_its_place(
    options: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidSettings) as error:
        load_settings(options)
    assert words in str(error.value).splitlines()[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": ("feed:http://x", "sim")}, "accepted: one alone, since sequences"),
        ({"source": ("feed:http://x?prefix=A",)}, "accepted: none, nor prefix, since sequences"),
        ({"source": ("feed:http://x",), "state": "."}, "given by the server that it follows"),
    ],
)
def test_a_server_that_is_followed_is_the_only_source(given: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        load_settings(given)
