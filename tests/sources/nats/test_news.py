"""What is told that is no event."""

import orjson
import pytest

from feed.errors import InvalidMessage
from feed.sources.nats.news import LEADERLESS_NS, WRITER, Leader, News
from feed.sources.source import Instrument
from tests.fakes.messages import Message

WALL_NS = 10**18
DOWN = {"T": "feed", "state": "source_down", "source": "sim", "reason": "error", "t": "x"}
LIVE = {**DOWN, "state": "live", "reason": ""}
CLAIM = {"writer": "w", "term": 3, "url": "http://w"}


def taken(news: News, key: str, value: object, mono_ns: int = 0) -> list[tuple[str, str, bool]]:
    told = news.take(key, None if value is None else orjson.dumps(value), mono_ns)
    return [(each.source, str(each.message["state"]), each.down) for each in told]


def looked(news: News, mono_ns: int) -> list[tuple[str, str, bool]]:
    told = news.look(mono_ns, WALL_NS)
    return [(each.source, str(each.message["state"]), each.down) for each in told]


def test_a_source_is_told_of_when_it_has_changed() -> None:
    news = News()
    assert taken(news, "feeds", [LIVE]) == []
    assert taken(news, "feeds", [DOWN]) == [("sim", "source_down", True)]
    assert taken(news, "feeds", [DOWN]) == []
    assert taken(news, "feeds", [LIVE]) == [("sim", "live", False)]


def test_a_source_that_is_gone_is_not_down_any_more() -> None:
    news = News()
    assert taken(news, "feeds", [DOWN]) == [("sim", "source_down", True)]
    assert taken(news, "feeds", None) == [("sim", "live", False)]
    assert taken(news, "feeds", []) == []


def test_a_lease_that_is_not_renewed_is_over_and_told_once() -> None:
    news = News()
    assert looked(news, 10**15) == []  # there is no bucket, as far as is known
    news.begin(0)
    assert taken(news, "leader", CLAIM, 1) == []
    assert (news.leader, news.live) == (Leader("w", 3, "http://w"), True)
    assert looked(news, LEADERLESS_NS) == []
    assert looked(news, LEADERLESS_NS + 1) == [(WRITER, "source_down", True)]
    leader: Leader | None = news.leader
    assert leader is None
    assert looked(news, LEADERLESS_NS + 2) == []
    assert taken(news, "leader", CLAIM, LEADERLESS_NS + 3) == []
    assert looked(news, LEADERLESS_NS + 4) == [(WRITER, "live", False)]


def test_while_the_lease_cannot_be_read_batches_say_that_somebody_writes() -> None:
    news = News()
    news.begin(0)
    taken(news, "leader", CLAIM, 1)
    news.lose_lease(2)
    for mono_ns in range(3, 4 * LEADERLESS_NS, LEADERLESS_NS // 2):
        news.note_batch(mono_ns)
        assert looked(news, mono_ns) == []
    assert looked(news, mono_ns + LEADERLESS_NS) == [(WRITER, "source_down", True)]
    assert news.leader is not None, "who led last may lead still, and takes requests"
    news.begin(5 * LEADERLESS_NS)
    assert looked(news, 5 * LEADERLESS_NS) == [(WRITER, "live", False)]
    assert looked(news, 6 * LEADERLESS_NS) == [(WRITER, "source_down", True)], "as ever"
    assert news.leader is None


def test_whoever_is_about_to_lead_does_not_yet() -> None:
    news = News()
    news.begin(0)
    taken(news, "leader", {**CLAIM, "term": 0}, 1)
    assert news.leader is None
    taken(news, "leader", CLAIM, 1)
    taken(news, "leader", None, 2)
    assert news.leader is None


def test_instruments_come_in_parts() -> None:
    def row(symbol: str) -> Message:
        return {"symbol": symbol, "name": symbol, "asset_class": "us_equity", "unknown": 1}

    news = News()
    taken(news, "instruments.1", {"instruments": [row("MSFT")]})
    taken(news, "instruments.0", [row("AAPL"), row("IBM")])
    assert [each.symbol for each in news.instruments()] == ["AAPL", "IBM", "MSFT"]
    assert news.instrument("MSFT") == Instrument("MSFT", "MSFT", "us_equity")
    taken(news, "instruments.1", {"instruments": []})
    assert news.instrument("MSFT") is None


def test_it_is_told_whether_events_happen_now() -> None:
    news = News()
    assert news.live
    taken(news, "about", {"live": False})
    assert not news.live


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("feeds", b"{"),
        ("feeds", b"[1]"),
        ("leader", b"7"),
        ("leader", b'{"term":1}'),
        ("leader", b'{"writer":"w","term":"x"}'),
        ("instruments", b"[{}]"),
        ("instruments.3", b"[[]]"),
        ("about", b"[1]"),
    ],
)
def test_what_is_no_news_is_refused(key: str, value: bytes) -> None:
    with pytest.raises(InvalidMessage, match=key):
        News().take(key, value, 0)


def test_other_keys_are_somebody_elses() -> None:
    assert taken(News(), "other", {"a": 1}) == []
