"""Subscribers whose identity has used up its bytes: conflated, and told what is missing."""

import random

from feed.broadcast.egress import Throttle
from feed.wire.request_fields import OnLag
from tests.fakes.conflation import QUOTES_BESIDE_TRADES, conflated, publish, quote, trade
from tests.fakes.frame_reader import Object
from tests.fakes.stage import EPOCH, Member, Stage


def lossless(stage: Stage, on_lag: OnLag = OnLag.GAP) -> Member:
    return stage.join(conflated({}, trades="*"), on_lag=on_lag)


def throttle(stage: Stage, member: Member, what: Throttle) -> list[Object]:
    stage.audience.behind.throttle(member.subscriber, what, stage.now_ns)
    stage.catch_up(member)
    return member.take_objects()


def test_while_it_waits_nothing_is_written_to_it_and_others_have_their_ticks() -> None:
    stage = Stage()
    member, other = lossless(stage), lossless(stage)
    assert throttle(stage, member, Throttle.WAITS) == []
    publish(stage, trade(1), trade(2))
    stage.catch_up(member)
    assert member.take() == []
    assert [tick["i"] for tick in other.take_objects()] == [1, 2]
    assert not member.subscriber.lossless, "production does not wait for it"


def test_once_it_is_told_the_gap_and_given_the_newest_of_each_symbol() -> None:
    stage = Stage()
    member = lossless(stage)
    publish(stage, trade(1))
    member.take()
    throttle(stage, member, Throttle.WAITS)
    publish(stage, *(trade(number, "AB"[number % 2]) for number in range(2, 12)))
    gap, *told = throttle(stage, member, Throttle.ONCE)
    assert gap == {"T": "gap", "from": f"{EPOCH}-2", "to": f"{EPOCH}-11", "reason": "limit"}
    assert sorted((item["S"], item["fi"], item["i"], item["n"]) for item in told) == [
        ("A", 2, 10, 5),
        ("B", 3, 11, 5),
    ]
    assert not member.subscriber.live
    publish(stage, trade(12))
    stage.catch_up(member)
    assert member.take() == [], "it waits again"
    assert (stage.counts.gap, stage.counts.gap_ticks) == (1, 10)


def test_let_live_again_it_is_told_the_last_gap_and_then_every_tick() -> None:
    stage = Stage()
    member = lossless(stage)
    throttle(stage, member, Throttle.WAITS)
    publish(stage, trade(1), trade(2))
    gap, *told = throttle(stage, member, Throttle.NONE)
    assert (gap["from"], gap["to"], gap["reason"]) == (f"{EPOCH}-1", f"{EPOCH}-2", "limit")
    assert [item["i"] for item in told] == [2]
    assert member.subscriber.live
    publish(stage, trade(3))
    assert [item["i"] for item in member.take_objects()] == [3]


def test_where_nothing_came_no_gap_is_told() -> None:
    stage = Stage()
    member = lossless(stage)
    throttle(stage, member, Throttle.WAITS)
    assert throttle(stage, member, Throttle.ONCE) == []
    assert throttle(stage, member, Throttle.NONE) == []
    assert member.subscriber.live


def test_what_was_overrun_meanwhile_is_in_the_same_gap_and_the_state_follows() -> None:
    stage = Stage(capacity=8)
    member = stage.join(conflated({}, trades="*"), on_lag=OnLag.DISCONNECT)
    publish(stage, trade(1, "C"))
    member.take()
    throttle(stage, member, Throttle.WAITS)
    for number in range(2, 30):
        publish(stage, trade(number))
    gap, begin, *told, end = throttle(stage, member, Throttle.ONCE)
    assert (gap["from"], gap["to"], gap["reason"]) == (f"{EPOCH}-2", f"{EPOCH}-29", "limit")
    assert (begin["state"], end["state"]) == ("begin", "end")
    assert {item["S"]: item["i"] for item in told} == {"A": 29, "C": 1}
    assert member.ended is None, "it is not lagging by itself"


def test_channels_that_are_conflated_as_it_is_are_told_again_and_no_gap() -> None:
    stage = Stage(capacity=256)
    member = stage.join(QUOTES_BESIDE_TRADES)
    throttle(stage, member, Throttle.WAITS)
    publish(stage, quote(1), quote(2, "B"))
    told = throttle(stage, member, Throttle.ONCE)
    assert {item["T"] for item in told} <= {"q", "gap"}
    assert {item["S"] for item in told if item["T"] == "q"} == {"A", "B"}


def test_a_subscriber_that_comes_while_its_identity_is_limited_is_held_to_it() -> None:
    stage = Stage()
    member = lossless(stage)
    assert throttle(stage, member, Throttle.ONCE) == []
    publish(stage, trade(1))
    stage.catch_up(member)
    assert member.take() == []
    assert [item["T"] for item in throttle(stage, member, Throttle.ONCE)] == ["gap", "t"]


def test_every_sequence_comes_once_or_is_in_one_gap_whatever_the_throttle_does() -> None:
    chance = random.Random(7)
    stage = Stage(capacity=32)
    member = lossless(stage)
    seen: list[int] = []
    state = Throttle.NONE
    number = 0
    for _ in range(2_000):
        match chance.randrange(4):
            case 0:
                state = chance.choice(list(Throttle))
                stage.audience.behind.throttle(member.subscriber, state, stage.now_ns)
            case 1:
                stage.catch_up(member)
            case _:
                for _ in range(chance.randrange(6)):
                    number += 1
                    publish(stage, trade(number, chance.choice("ABC")))
        told = member.take_objects()
        within = False
        for item in told:
            if item["T"] == "gap":
                assert item["reason"] == "limit"
                first, last = (int(item[end].rpartition("-")[2]) for end in ("from", "to"))
                seen += range(first, last + 1)
            elif item["T"] == "snapshot":
                within = item["state"] == "begin"
            elif not within and "n" not in item and item["i"] not in seen[-64:]:
                seen.append(item["i"])
    throttle(stage, member, Throttle.NONE)
    assert member.subscriber.live
    assert seen == list(range(1, len(seen) + 1))
