"""What is wrong with a cluster is told, with what to do."""

from dataclasses import replace
from typing import Any

import pytest

from feed.cluster.batch import Batch
from feed.cluster.judgement import Level, Part, Seen, ServerSeen, judge
from feed.cluster.names import Names

RING = 1_000
SECOND_NS = 1_000_000_000
CONFIG: dict[str, Any] = {
    "name": "feed",
    "subjects": ["feed.events"],
    "retention": "limits",
    "discard": "old",
    "allow_direct": True,
    "num_replicas": 3,
    "storage": "file",
    "max_bytes": 1_000_000,
}
REPLICAS = [{"name": "b", "current": True, "lag": 0}, {"name": "c", "current": True}]
STREAM: dict[str, Any] = {
    "config": CONFIG,
    "state": {"bytes": 100_000, "messages": 50},
    "cluster": {"leader": "a", "replicas": REPLICAS},
}
SOUND = Seen(
    Names("feed"),
    [ServerSeen("nats://a:4222", "2.15.1", apart_ns=1_000, sync_interval="always")],
    STREAM,
    Batch("k3f9", 1, 1, 20, "w", 0),
    Batch("k3f9", 2, 981, 20, "w", 0),
    SECOND_NS,
    1_000,
    {"writer": "w", "term": 2, "url": "http://w"},
    has_lease=True,
    has_news=True,
    checkpoint_age_ns=SECOND_NS,
    checkpoint_bytes=10,
    pending=[0, 1],
)


def stream(**changes: Any) -> dict[str, Any]:
    return {**STREAM, "config": {**CONFIG, **changes}}


def replicated(**replica: Any) -> dict[str, Any]:
    return {**STREAM, "cluster": {"leader": "a", "replicas": [replica]}}


def server(**changes: Any) -> list[ServerSeen]:
    return [replace(SOUND.servers[0], **changes)]


def told(seen: Seen, ring: int = RING) -> list[tuple[Level, str]]:
    """Return what is not in order."""
    found = list(judge(seen, ring))
    assert all(each.remedy for each in found if each.level is not Level.OK)
    return [(each.level, str(each)) for each in found if each.level is not Level.OK]


def test_nothing_is_wrong_with_a_sound_cluster() -> None:
    assert told(SOUND) == []
    words = [str(each) for each in judge(SOUND, RING)]
    assert "ok    writer w leads in term 2, at http://w" in words
    assert any("about 10,000 events, or 10.0 rings" in each for each in words)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"servers": server(failure="refused")}, Level.WRONG, "cannot be reached: refused"),
        ({"servers": server(version="2.9.10")}, Level.WRONG, "is 2.9.10: run 2.11.0 or later"),
        ({"servers": server(version="2.12.1")}, Level.WARN, "Jepsen"),
        ({"servers": server(version="")}, Level.WRONG, "of no version"),
        ({"servers": server(apart_ns=-SECOND_NS)}, Level.WARN, "is -1.0 s ahead"),
        ({"servers": server(sync_interval="120 s")}, Level.WARN, "every 120 s"),
        ({"servers": server(sync_interval="")}, Level.WARN, "--monitor"),
        ({"stream": None}, Level.WRONG, "there is no stream feed"),
        ({"stream": stream(subjects=["x"])}, Level.WRONG, "takes ['x'], and not feed.events"),
        ({"stream": stream(retention="workqueue")}, Level.WRONG, "retention workqueue"),
        ({"stream": stream(discard="new")}, Level.WRONG, "refuses new batches"),
        ({"stream": stream(allow_direct=False)}, Level.WRONG, "no direct gets"),
        ({"stream": stream(deny_delete=True)}, Level.WARN, "denies deletes"),
        ({"stream": stream(num_replicas=1)}, Level.WARN, "one replica in file"),
        ({"stream": stream(num_replicas=2)}, Level.WARN, "2 replicas outlive"),
        ({"stream": stream(max_bytes=-1)}, Level.WARN, "no limit of bytes"),
        ({"stream": stream(max_bytes=300_000)}, Level.WARN, "3.0 rings: at least 4 rings are"),
        ({"stream": {**STREAM, "cluster": {}}}, Level.WRONG, "no leader"),
        (
            {"stream": replicated(name="b", offline=True)},
            Level.WRONG,
            "the replica b is offline",
        ),
        (
            {"stream": replicated(name="b", lag=999)},
            Level.WARN,
            "the replica b is 999 batches behind",
        ),
        ({"oldest": None, "newest": None}, Level.WARN, "no batch yet"),
        ({"newest_age_ns": 90 * SECOND_NS}, Level.WARN, "nothing was written for 90.0 s"),
        ({"writer_apart_ns": SECOND_NS}, Level.WARN, "clock of the writer is 1.0 s ahead"),
        ({"leader": None}, Level.WRONG, "no writer leads"),
        ({"has_lease": False}, Level.WRONG, "there is no bucket feed-lead"),
        ({"leader": {"writer": "v", "term": 1}}, Level.WRONG, "the newest batch is of term 2 by w"),
        ({"has_news": False}, Level.WARN, "there is no bucket feed-news"),
        ({"checkpoint_age_ns": None}, Level.WARN, "there is no checkpoint in feed-state"),
        ({"checkpoint_age_ns": 600 * SECOND_NS}, Level.WARN, "the checkpoint is 600.0 s old"),
        ({"pending": [0, 5_000]}, Level.WARN, "1 of them are up to 5,000 batches behind"),
    ],
)
def test_what_is_not_in_order_is_told(changes: dict[str, Any], level: Level, words: str) -> None:
    [(found, line)] = told(replace(SOUND, **changes))
    assert (found, words in line) == (level, True), line


@pytest.mark.parametrize(
    ("mirror", "level"),
    [
        ({"name": "feed", "lag": 0, "active": 1}, None),
        ({"name": "feed", "lag": 5_000, "active": 1}, Level.WARN),
        ({"name": "feed", "lag": 0, "active": -1}, Level.WRONG),
        ({"name": "feed", "lag": 0, "active": 1, "error": {"description": "x"}}, Level.WRONG),
    ],
)
def test_a_mirror_is_judged_too(mirror: dict[str, Any], level: Level | None) -> None:
    config = {**CONFIG, "subjects": [], "mirror": {"name": "feed"}}
    found = told(replace(SOUND, stream={**STREAM, "config": config, "mirror": mirror}))
    keeps = [words for _, words in found if "a mirror keeps messages that were deleted" in words]
    assert len(keeps) == 1
    assert [each for each, words in found if words not in keeps] == ([level] if level else [])


def test_what_does_not_answer_is_told_once_and_the_rest_is_judged() -> None:
    seen = replace(
        SOUND, newest=None, checkpoint_age_ns=None, has_news=False, leader=None, has_lease=False
    )
    seen = replace(seen, unanswered=dict.fromkeys(Part, "no responders"))
    found = told(seen)
    assert [level for level, _ in found] == [Level.WRONG] * len(Part)
    for part, (_, words) in zip(Part, found, strict=True):
        assert f"{part} cannot be looked at: no responders" in words
    assert any("replicas in file" in finding.words for finding in judge(seen, RING))
