"""`feed alerts`: rules are made, listed and removed, firings watched and acknowledged."""

import re
from collections.abc import Iterator

import orjson
import pytest

from feed.cli.commands import run
from tests.client.rooms.served import Served, served_feed
from tests.fakes.servers import trade

UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served_feed() as served:
        yield served


def alerts(server: Served, *arguments: str) -> int:
    return run(["alerts", *arguments, "--url", server.url])


def test_a_rule_from_its_making_to_its_end(
    server: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    condition = ["AAPL", "price", ">=", "1.5"]
    assert alerts(server, "add", *condition, "--again", "5", "--note", "high") == 0
    (line,) = capfd.readouterr().out.splitlines()
    rule = line.split()[0]
    words = f"{rule} armed: AAPL price >= 1.5, again after 5 s – high"
    assert line == words
    assert alerts(server, "list") == 0
    assert capfd.readouterr() == (f"{words}\n", "")
    server.do(server.feed.publish(trade(4)))
    assert alerts(server, "watch", "--count", "1") == 0
    out, err = capfd.readouterr()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alert_\w{32} AAPL price >= 1.5: 101 – high\n", out
    )
    assert err.startswith("feed alerts: connected to http://127.0.0.1")
    firing = out.split()[2]
    assert alerts(server, "watch", "--count", "1", "--json", "--acknowledge", "--quiet") == 0
    out, err = capfd.readouterr()
    assert (orjson.loads(out)["id"], err) == (firing, "")
    assert alerts(server, "acknowledge", firing) == 1
    assert "refused with 404" in capfd.readouterr().err
    assert alerts(server, "remove", rule) == 0
    assert alerts(server, "list", "--json") == 0
    assert capfd.readouterr() == ("", "")


def test_the_secret_of_a_webhook_is_told_once(
    server: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    health = ["AAPL", "health", "is", "stale", "--expires", "2100-01-02T00:00:00Z"]
    assert alerts(server, "add", *health, "--webhook", "https://example.com/hook") == 0
    out, err = capfd.readouterr()
    assert "AAPL health is stale, until 2100-01-02T00:00:00Z" in out
    assert err.startswith("feed alerts: the secret of its webhook is ")
    assert alerts(server, "remove", out.split()[0]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "A?", "price", ">=", "1"], "feed: SYMBOL: 'A?' is not accepted"),
        (["add", "A", "prize", ">=", "1"], "feed: FIELD: 'prize' is not accepted"),
        (["add", "A", "price", "is", "1"], "feed: OP: 'is' is not accepted"),
        (["add", "A", "price", ">=", "nan"], "feed: VALUE: 'nan' is not accepted"),
        (["add", "A", "price", ">=", "1e999"], "feed: VALUE: inf is not accepted"),
        (["add", "A", "price", ">=", "1,5"], "feed: VALUE: '1,5' is not accepted"),
        (["add", "A", "price", "moves_pct", "1", "--window", "x"], "feed: --window: 'x' is not"),
        (["remove", "x"], "feed: RULE: 'x' is not accepted; accepted: the id of a rule"),
        (["acknowledge", "rule_7"], "feed: FIRING: 'rule_7' is not accepted"),
        (["watch", "--count", "0"], "feed: Invalid value for '--count'"),
        (["list", "--key", ""], "feed: --key: "),
        (["add", "A"], "feed: Missing argument 'FIELD'"),
    ],
)
def test_what_is_not_accepted_is_one_line_and_status_2(
    arguments: list[str], words: str, server: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    assert alerts(server, *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(words)


def test_what_the_server_says_no_to_is_one_line(
    server: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    assert alerts(server, "remove", f"rule_{UNKNOWN}") == 1
    assert alerts(server, "add", "AAPL", "price", ">=", "1", "--expires", "x") == 1
    first, second = capfd.readouterr().err.splitlines()
    assert "refused with 404" in first
    assert "expires" in second
