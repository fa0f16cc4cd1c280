"""Facts are gathered of what the asker may read, as of one position."""

import asyncio

import pytest

from feed.errors import InvalidParameter, LimitExceeded, NotGranted
from feed.generations.facts import Facts, MarketFacts
from feed.market.day_bars import DAY_NS
from feed.market.ticks import MINUTE_NS, Quote, Status, Tick, Trade
from feed.sources.reference import Reference
from feed.sources.source import Instrument
from feed.wire.generations.asked import Asked, Turn
from feed.wire.grant import Grant
from feed.wire.grants import ALL_GRANTS, NO_GRANTS, Grants
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import until
from tests.fakes.servers import EVENT_NS, Feed, ScriptedSource, Serve
from tests.fakes.turns import counting_turns
from tests.market.test_past import Told

TODAY_NS = EVENT_NS + DAY_NS  # both are midnights


def trade(symbol: str, price: float, size: float, event_ns: int = TODAY_NS) -> Trade:
    return Trade(symbol, 1, "V", price, size, event_ns)


def quote(symbol: str, bid: float, ask: float) -> Quote:
    return Quote(symbol, "V", bid, 1.0, "V", ask, 1.0, TODAY_NS)


# AAPL closed at 100, opened at 101 and is at 102; MSFT closed at 50 and is at 49.
TICKS: list[Tick] = [
    trade("AAPL", 100.0, 5.0, EVENT_NS),
    trade("MSFT", 50.0, 5.0, EVENT_NS),
    trade("AAPL", 101.0, 10.0),
    quote("AAPL", 101.99, 102.01),
    trade("MSFT", 49.0, 20.0, TODAY_NS + MINUTE_NS),
    trade("AAPL", 102.0, 30.0, TODAY_NS + MINUTE_NS),
    Status("MSFT", "H", "Trading Halt", "T12", "News pending", TODAY_NS + MINUTE_NS),
]


def asked(prompt: str = "", *symbols: str) -> Asked:
    turns = (Turn("system", "Be short."), Turn("user", prompt))
    return Asked("market", turns, symbols=symbols or None)


def granted(*grants: str, conflate_ms: int = 0) -> Grants:
    return Grants.of(map(Grant.parse, grants), conflate_ms=conflate_ms)


def gatherer(feed: Feed, *given: Instrument) -> MarketFacts:
    reference = Reference(given, feed.ingest.instruments, feed.ingest.instrument)
    return MarketFacts(feed.hub, feed.ingest, reference)


async def begun(serve: Serve, ticks: list[Tick]) -> Feed:
    feed = await serve(ScriptedSource(builds_bars=True))
    await feed.publish(*ticks)
    return feed


def line(facts: Facts, symbol: str) -> str:
    (found,) = (each for each in facts.text.split("\n") if each.startswith(f"{symbol}:"))
    return found


async def test_facts_are_of_trades_bars_quotes_and_statuses(serve: Serve) -> None:
    feed = await begun(serve, TICKS)
    step = Instrument("MSFT", "Microsoft", "us_equity", price_step=0.5)
    facts = await gatherer(feed, step).gather(asked("How is MSFT?"), ALL_GRANTS)
    assert facts.symbols == ("AAPL", "MSFT")
    assert facts.as_of == str(feed.hub.broadcast.position)
    assert facts.wall_ns > TODAY_NS
    assert f"position {facts.as_of}; symbols: 2" in facts.text
    assert line(facts, "AAPL") == (
        "AAPL: last 102.00, change +2.00% against previous close, open 101.00, "
        "previous close 100.00, gap +1.00%, volume 40, bid 101.99, ask 102.01, spread 2.0 bp, "
        "halt none known"
    )
    assert line(facts, "MSFT") == (
        "MSFT: last 49.0, change -2.00% against previous close, open 49.0, previous close 50.0, "
        "gap -2.00%, volume 20, bid unknown, ask unknown, spread unknown, halt News pending"
    )
    assert "MSFT is at 49.0, -2.00% against its previous close (50.0)." in facts.answer


async def test_the_same_state_makes_the_same_facts(serve: Serve) -> None:
    gather = gatherer(await begun(serve, TICKS)).gather
    first = await gather(asked("gaps?"), ALL_GRANTS)
    second = await gather(asked("gaps?"), ALL_GRANTS)
    assert first.text.split("\n")[1:] == second.text.split("\n")[1:]
    assert first.answer.split(", of 2 ")[1] == second.answer.split(", of 2 ")[1]


async def test_facts_are_of_the_symbols_that_are_asked_for(serve: Serve) -> None:
    gather = gatherer(await begun(serve, TICKS)).gather
    facts = await gather(asked("what moved?", "AAPL"), ALL_GRANTS)
    assert facts.symbols == ("AAPL",)
    assert "MSFT" not in facts.text + facts.answer
    facts = await gather(asked("what moved?", "*", "AAPL"), ALL_GRANTS)
    assert facts.symbols == ("AAPL", "MSFT")


async def test_a_listed_symbol_that_had_no_tick_is_known_by_name_only(serve: Serve) -> None:
    facts = await gatherer(await begun(serve, TICKS)).gather(asked("", "BTC/USD"), ALL_GRANTS)
    assert facts.symbols == ("BTC/USD",)
    assert "No trade, quote, bar or status has come" in facts.answer


async def test_only_what_is_granted_is_in_facts(serve: Serve) -> None:
    gather = gatherer(await begun(serve, TICKS)).gather
    facts = await gather(asked("How are $AAPL and $MSFT?"), granted("trades=AAPL", "quotes=GOOG"))
    assert facts.symbols == ("AAPL",)
    assert line(facts, "AAPL") == (
        "AAPL: last 102.00, change unknown, open unknown, previous close unknown, gap unknown, "
        "volume unknown, bid unknown, ask unknown, spread unknown, halt none known"
    )
    assert line(facts, "MSFT") == "MSFT: unknown here"
    assert "Nothing is known here of MSFT." in facts.answer
    facts = await gather(asked(), granted("bars,statuses=M*"))
    assert line(facts, "MSFT").startswith("MSFT: last 49.00, change -2.00%")
    assert line(facts, "MSFT").endswith("halt News pending")
    assert "AAPL" not in facts.text + facts.answer


@pytest.mark.parametrize(
    ("symbols", "grants", "error", "words"),
    [
        (("NONE", "AAPL", "NIL"), ALL_GRANTS, InvalidParameter, "NIL, NONE"),
        (("A?",), ALL_GRANTS, InvalidParameter, "'A\\?' is not accepted"),
        (("AAPL", "MSFT"), granted("*=AAPL"), NotGranted, "symbols: MSFT is not granted; granted"),
        (("NONE",), granted("*=AAPL"), NotGranted, "symbols: NONE is not granted"),
        ((), granted("rooms=*"), NotGranted, "any symbol is not granted"),
        (("*",), NO_GRANTS, NotGranted, "any symbol is not granted"),
        (tuple(f"S{at}" for at in range(9)), granted("*=T"), NotGranted, "S4 and 4 more is not"),
        (("AAPL",) * 2_000_000, ALL_GRANTS, LimitExceeded, "symbols of feed.symbols"),
    ],
)
async def test_what_cannot_be_told_is_refused_by_name(
    serve: Serve, symbols: tuple[str, ...], grants: Grants, error: type[Exception], words: str
) -> None:
    gather = gatherer(await begun(serve, TICKS)).gather
    with pytest.raises(error, match=words):
        await gather(asked("what moved?", *symbols), grants)


async def test_who_is_granted_ticks_at_intervals_is_told_none_that_is_newer(serve: Serve) -> None:
    feed = await begun(serve, TICKS)
    gather, grants = gatherer(feed).gather, granted("*=*", conflate_ms=60_000)
    first = await gather(asked(), grants)
    await feed.publish(trade("AAPL", 150.0, 1.0, TODAY_NS + MINUTE_NS))
    second = await gather(asked(), grants)
    assert first.as_of == second.as_of != str(feed.hub.broadcast.position)
    assert line(first, "AAPL") == line(second, "AAPL")
    assert "last 102.00" in line(first, "AAPL")
    assert "volume unknown" in line(first, "AAPL")
    await feed.publish(trade("BTC/USD", 9.0, 1.0, TODAY_NS + MINUTE_NS))
    third = await gather(asked("", "BTC/USD"), grants)
    assert "last unknown, change unknown, open unknown" in line(third, "BTC/USD")
    assert "No trade, quote, bar or status has come" in third.answer


async def test_a_halt_is_told_although_a_status_of_health_came_since(serve: Serve) -> None:
    feed = await begun(serve, TICKS)
    await feed.ingest.state_health()
    await feed.publish(Status("MSFT", "LIVE", "Ticks again", "", "", TODAY_NS + MINUTE_NS))
    gather = gatherer(feed).gather
    assert "halt yes" in line(await gather(asked(), ALL_GRANTS), "MSFT")
    await feed.publish(Status("MSFT", "T", "Resumed", "", "", TODAY_NS + MINUTE_NS))
    assert "halt none known" in line(await gather(asked(), ALL_GRANTS), "MSFT")


async def test_a_source_that_is_down_is_told(serve: Serve) -> None:
    feed = await begun(serve, TICKS)
    feed.source.end()
    await until(lambda: feed.ingest.feed.reason == "finished")
    facts = await gatherer(feed).gather(asked(), ALL_GRANTS)
    assert "since the source is down (finished)" in facts.answer


async def test_of_many_symbols_a_day_is_whole_for_those_that_the_question_names(
    serve: Serve,
) -> None:
    feed = await serve(ScriptedSource(builds_bars=True))
    past = Told()  # AAPL began its last day at 3.00
    for _ in feed.strand.bars.begin_after(past, list(past.symbols())):
        pass
    others = [f"S{at}" for at in range(30)]
    await feed.publish(*(trade(symbol, 6.0, 1.0, past.until_ns) for symbol in ("AAPL", *others)))
    gather = gatherer(feed).gather
    facts = await gather(asked("gaps?"), ALL_GRANTS)
    assert past.recalls == []
    assert "No gap is known" in facts.answer
    facts = await gather(asked("gap of $AAPL?"), granted("trades=*"))
    assert past.recalls == []
    facts = await gather(asked("gap of $AAPL?"), ALL_GRANTS)
    assert past.recalls == ["AAPL"]
    assert "open 3.00, previous close 2.00, gap +50.00%, volume 21" in line(facts, "AAPL")
    facts = await gather(asked("volume?"), granted("*=*"))
    assert "largest volumes since 2023-11-14T12:00:00Z by value: AAPL 11; S0 1;" in facts.text
    assert (
        "Most traded since 2023-11-14T12:00:00Z by value, as far as is known, are AAPL (volume "
        "11), S0 (volume 1)" in facts.answer
    )


async def test_facts_of_many_symbols_are_shared_for_a_second_by_who_may_read_the_same(
    serve: Serve,
) -> None:
    clock = HandClock()
    feed = await serve(ScriptedSource(builds_bars=True), clock=clock.clock)
    others = [f"S{at}" for at in range(30)]
    await feed.publish(*(trade(symbol, 6.0, 1.0) for symbol in ("AAPL", *others)))
    gather = gatherer(feed).gather
    first = await gather(asked("How is AAPL?"), ALL_GRANTS)
    await feed.publish(trade("AAPL", 7.0, 1.0), trade("S3", 7.0, 1.0))
    shared = await asyncio.gather(*(gather(asked("How is AAPL?"), ALL_GRANTS) for _ in range(3)))
    assert {facts.as_of for facts in (first, *shared)} == {feed.position(31)}
    other = await gather(asked("How is AAPL?"), granted("*=*"))
    assert other.as_of == feed.position(33)
    assert "last 7.00" in line(other, "AAPL")
    assert "last 6.00" in line(shared[0], "AAPL")
    some = await gather(asked("How is AAPL?", *others), ALL_GRANTS)
    assert some.symbols == tuple(sorted(others))
    assert (some.as_of, "AAPL" in some.text) == (feed.position(33), False)
    clock.pass_s(1)
    later = await gather(asked("How is AAPL?"), ALL_GRANTS)
    assert later.as_of == feed.position(33)


async def test_the_question_is_what_a_user_said_last_or_else_the_last_turn(serve: Serve) -> None:
    gather = gatherer(await begun(serve, TICKS)).gather
    said = (Turn("user", "gaps?"), Turn("user", "any halts?"), Turn("tool", "spreads!"))
    facts = await gather(Asked("market", said), ALL_GRANTS)
    assert ", of 2 symbols. Halted is MSFT (News pending)." in facts.answer
    facts = await gather(Asked("market", said[-1:]), ALL_GRANTS)
    assert ", of 2 symbols. The median spread is 2.0 bp of 1 symbol;" in facts.answer


async def test_the_time_of_a_recording_is_told_beside_ours(serve: Serve) -> None:
    feed = await begun(serve, TICKS)
    newest = feed.hub.broadcast.ring.newest
    feed.hub.broadcast.market_times.note(EVENT_NS, TODAY_NS, 1, newest)
    facts = await gatherer(feed).gather(asked(), ALL_GRANTS)
    assert "Z (market time 2020-02-23T00:00:00Z), of 2 symbols." in facts.answer


async def test_others_have_turns_while_five_thousand_symbols_are_summed_up(serve: Serve) -> None:
    many: list[Tick] = [trade(f"S{at}", 1.0 + at % 7, 1.0) for at in range(5_000)]
    feed = await begun(serve, many)
    async with counting_turns() as turns:
        facts = await gatherer(feed).gather(asked("What of $s4999?"), ALL_GRANTS)
    assert len(facts.symbols) == 5_000
    assert line(facts, "S4999").startswith("S4999: last 2.00, change 0.00% against open")
    assert turns.count > 10
