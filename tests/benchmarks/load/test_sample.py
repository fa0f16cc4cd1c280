"""The sampled subscribers notice what must never happen."""

from typing import Any

import msgpack
import orjson
import pytest

from benchmarks.load.ages import Ages
from benchmarks.load.sample import (
    Findings,
    Newest,
    ReturnSampler,
    StampSampler,
    TickSampler,
    WordSampler,
)

NOW_NS = 1_795_154_400_000_000_000
NOW = "2026-11-20T06:00:00"


def trade(trade_id: int, at: str = "00.000000000", symbol: str = "A") -> dict[str, Any]:
    return {"T": "t", "S": symbol, "i": trade_id, "p": 1.0, "s": 1, "t": f"2026-11-20T06:00:{at}Z"}


def mark(sequence: int, epoch: str = "e") -> dict[str, Any]:
    return {"T": "mark", "pos": f"{epoch}-{sequence}", "t": f"{NOW}.000000000Z"}


class Watched:
    def __init__(self, **options: Any) -> None:
        self.findings = Findings()
        self.newest, self.oldest = Ages(), Ages()
        self.sampler = TickSampler(self.newest, self.oldest, self.findings, **options)

    def take(self, *messages: dict[str, Any], position: str = "", now_ns: int = NOW_NS) -> None:
        self.sampler.take(orjson.dumps(messages), position.encode(), now_ns)


def test_ages_of_the_newest_and_the_oldest_tick_are_recorded() -> None:
    watched = Watched()
    watched.take(trade(1, "00.010"), trade(2, "00.030"), now_ns=NOW_NS + 50_000_000)
    assert watched.newest.total().p50_ms == pytest.approx(20, rel=0.01)
    assert watched.oldest.total().p50_ms == pytest.approx(40, rel=0.01)
    assert (watched.findings.messages, watched.findings.ticks) == (1, 2)


def test_message_pack_ticks_are_understood() -> None:
    watched = Watched(codec="msgpack")
    stamp = msgpack.Timestamp.from_unix_nano(NOW_NS)
    payload = msgpack.packb([trade(1) | {"t": stamp}])
    watched.sampler.take(payload, b"", NOW_NS + 5_000_000)
    assert watched.newest.total().max_ms == pytest.approx(5, rel=0.01)


def test_a_trade_that_comes_twice_is_a_fault() -> None:
    watched = Watched()
    watched.take(trade(1), trade(1, symbol="B"), trade(2))
    assert watched.findings.faults == []
    watched.take(trade(2))
    assert watched.findings.faults == ["trade 2 of A came after 2"]


def test_a_trade_that_is_missing_is_a_fault_where_they_are_consecutive() -> None:
    watched = Watched(consecutive=True)
    watched.take(trade(7), trade(8), trade(1, symbol="B"))
    assert watched.findings.faults == []
    watched.take(trade(10), trade(2, symbol="B"))
    assert watched.findings.faults == ["trade 10 of A came after 8"]


@pytest.mark.parametrize("by_id", [True, False])
def test_a_missing_tick_is_a_fault_where_every_tick_was_chosen(by_id: bool) -> None:
    watched = Watched(every_tick=True)

    def take(trade_id: int, sequence: int) -> None:
        if by_id:
            watched.take(trade(trade_id), position=f"e-{sequence}")
        else:
            watched.take(trade(trade_id), mark(sequence))

    take(1, 10)
    take(2, 11)
    assert watched.findings.faults == []
    take(3, 13)
    assert watched.findings.faults == ["1 ticks between the positions 11 and 13"]


def test_holes_are_not_looked_for_where_some_ticks_were_not_chosen() -> None:
    watched = Watched()
    watched.take(trade(1), mark(10))
    watched.take(trade(2), mark(13))
    assert watched.findings.fault_count == 0


def test_positions_that_go_back_and_epochs_that_change_are_faults() -> None:
    watched = Watched()
    watched.take(mark(10))
    watched.take(mark(9))
    watched.take(mark(9, epoch="f"))
    assert watched.findings.faults == [
        "position 9 came after 10",
        "the epoch changed from e to f",
    ]


def test_a_gap_is_counted_and_its_snapshot_is_not_taken_for_ticks() -> None:
    watched = Watched(every_tick=True)
    watched.take(trade(5), mark(10))
    watched.take({"T": "gap", "from": "e-11", "to": "e-20", "reason": "overrun"})
    watched.take({"T": "snapshot", "state": "begin", "pos": "e-20"})
    watched.take(trade(4))
    watched.take({"T": "snapshot", "state": "end", "pos": "e-20"})
    watched.take(trade(6), mark(21))
    assert watched.findings.gaps == {"overrun": 1}
    assert watched.findings.faults == []


def test_errors_are_faults_and_only_the_first_are_told() -> None:
    watched = Watched()
    for code in range(400, 410):
        watched.take({"T": "error", "code": code, "msg": "no"})
    assert watched.findings.fault_count == 10
    assert watched.findings.faults[0] == "error 400: no"
    assert len(watched.findings.faults) == 5


def test_the_stamp_of_any_envelope_is_found() -> None:
    newest, findings = Ages(), Findings()
    sampler = StampSampler(newest, findings)
    payload = (
        b'{"push":{"pub":{"data":' + orjson.dumps([trade(1), trade(2, "00.500000000")]) + b"}}}"
    )
    sampler.take(b'{"connect":{}}', b"", NOW_NS)
    sampler.take(payload, b"", NOW_NS + 700_000_000)
    assert newest.total().p50_ms == pytest.approx(200, rel=0.01)
    assert (findings.messages, findings.ticks) == (1, 2)


def test_who_comes_back_is_live_at_the_newest_position() -> None:
    newest, findings = Newest(), Findings()
    newest.sequence = 13
    sampler = ReturnSampler(10, newest, findings)
    sampler.take(orjson.dumps([{"T": "success", "msg": "connected"}]), b"", NOW_NS)
    live = []
    for messages in ([trade(1), trade(2), mark(12)], [trade(3), mark(13)]):
        sampler.take(orjson.dumps(messages), b"", NOW_NS)
        live.append(sampler.live)
    assert live == [False, True]
    assert (sampler.ticks, findings.faults) == (3, [])


def test_who_comes_back_notices_a_missing_tick_and_a_gap() -> None:
    findings = Findings()
    sampler = ReturnSampler(10, Newest(), findings)
    sampler.take(orjson.dumps([trade(1), mark(12)]), b"", NOW_NS)
    sampler.take(orjson.dumps([{"T": "gap", "reason": "epoch"}]), b"", NOW_NS)
    assert findings.faults == ["1 ticks between 10 and 12"]
    assert findings.gaps.total() == 1


def word(number: int, at: str = "00.000000000", kind: str = "token") -> dict[str, Any]:
    return {"T": kind, "id": "gen_0", "n": number, "text": "x", "t": f"2026-11-20T06:00:{at}Z"}


def take_words(
    *payloads: list[dict[str, Any]], now_ns: int = NOW_NS
) -> tuple[Findings, Ages, Ages]:
    findings, newest, oldest = Findings(), Ages(), Ages()
    sampler = WordSampler(newest, oldest, findings)
    for payload in payloads:
        sampler.take(orjson.dumps(payload), b"", now_ns)
    return findings, newest, oldest


def test_words_beside_ticks_count_between_two_positions() -> None:
    watched = Watched(every_tick=True)
    watched.take(mark(7))
    watched.take(trade(1), mark(8))
    watched.take(word(0, kind="generation"), word(1), mark(10))
    assert watched.findings.faults == []
    assert watched.findings.ticks == 1, "their ages are not those of ticks"
    watched.take(word(2), mark(12))
    assert watched.findings.faults == ["1 ticks between the positions 10 and 12"]


def test_ages_of_the_newest_and_the_oldest_word_are_recorded() -> None:
    words = [word(4, "00.010"), word(5, "00.030")]
    findings, newest, oldest = take_words([mark(1)], words, now_ns=NOW_NS + 50_000_000)
    assert (findings.messages, findings.ticks, findings.faults) == (1, 2, [])
    assert newest.total().p50_ms == pytest.approx(20, rel=0.01)
    assert oldest.total().p50_ms == pytest.approx(40, rel=0.01)


def test_a_word_that_is_missing_or_comes_twice_is_a_fault() -> None:
    findings, _, _ = take_words([word(4), word(5)], [word(7)], [word(7)])
    assert findings.faults == ["word 7 of gen_0 came after 5", "word 7 of gen_0 came after 7"]


def test_a_word_after_a_gap_is_no_fault_and_an_error_is_one() -> None:
    gap = {"T": "gap", "reason": "overrun", "from": "e-1", "to": "e-2"}
    findings, _, _ = take_words(
        [word(4)], [gap, word(9)], [{"T": "error", "code": 405, "msg": "no"}]
    )
    assert findings.gaps == {"overrun": 1}
    assert findings.faults == ["error 405: no"]
