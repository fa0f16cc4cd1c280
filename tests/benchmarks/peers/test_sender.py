"""Peers stamp what they send, and hold it back while subscribers come in."""

from pathlib import Path

import pytest

from benchmarks.load.ages import Rfc3339
from benchmarks.peers import sender
from benchmarks.peers.sender import Door, Payloads, rfc3339

OLD = '"t":"2026-01-01T00:00:00.000000000Z"'


def test_the_newest_stamp_of_a_payload_is_the_time_of_its_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "payloads"
    path.write_text(f"[{{{OLD}}},{{{OLD}}}]\n[1]\n")
    now_ns = 1_795_154_400_123_456_789
    monkeypatch.setattr("time.time_ns", lambda: now_ns)
    payloads = Payloads(path)
    new = OLD.replace("2026-01-01T00:00:00.000000000Z", "2026-11-20T06:00:00.123456789Z")
    assert payloads.stamped(0).decode() == f"[{{{OLD}}},{{{new}}}]"
    assert payloads.stamped(1) == b"[1]", "what has no stamp is sent as it is"
    assert payloads.stamped(2) == payloads.stamped(0)


@pytest.mark.parametrize("now_ns", [0, 1, 1_795_154_400_999_999_999])
def test_stamps_are_read_back_as_they_were_written(now_ns: int) -> None:
    assert Rfc3339().parse_ns(rfc3339(now_ns).decode()) == now_ns


def test_the_door_is_quiet_a_while_after_the_last_has_entered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    door = Door()
    quiet = [door.is_quiet]
    door.enter()
    for later_s in (0.1, sender.QUIET_S + 0.01):
        now_s = 100.0 + later_s
        quiet.append(door.is_quiet)
    assert quiet == [False, False, True]
