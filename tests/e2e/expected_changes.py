"""What every query of every panel and rule must do, and in which scene: the table of the test.

A scene is something that happens to a feed (see test_operations.py). A query must return data, and
change in its scene against what it was before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from grafana.build import BOARDS
from tests.grafana.rules import RULES

# Whatever waits for a loop that is held for 1.2 s waits as long on any machine; scrapes wait 0.5 s.
HELD_S = 0.4
AGED_S = 4  # ticks are as old as that when they come; a histogram tells it within half


class How(Enum):
    """How the values of a scene differ from those before."""

    RISES = "rises"
    FALLS = "falls"
    APPEARS = "appears"
    STANDS = "stands"  # it is there, as it may have been before: of a busy machine it is true
    DIFFERS = "differs"
    REACHES = "reaches"


@dataclass(frozen=True, slots=True)
class Change:
    """What is expected of one query.

    Attributes:
        scene: in which.
        how: and how.
        labels: of which of its series.
        times: it is at least so many times what it mostly was before, or falls to a part of it.
        least: it is at least this, whatever it was before: of a busy machine that is much.
    """

    scene: str
    how: How
    labels: Mapping[str, str] = field(default_factory=dict)
    times: float = 1.15
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and what is expected of it."""

    where: str
    promql: str
    change: Change


def rises(scene: str, *, times: float = 2, **labels: str) -> Change:
    return Change(scene, How.RISES, labels, times)


def falls(scene: str, **labels: str) -> Change:
    return Change(scene, How.FALLS, labels)


def appears(scene: str, **labels: str) -> Change:
    return Change(scene, How.APPEARS, labels)


def stands(scene: str, **labels: str) -> Change:
    return Change(scene, How.STANDS, labels)


def differs(scene: str, **labels: str) -> Change:
    return Change(scene, How.DIFFERS, labels)


def reaches(scene: str, least: float) -> Change:
    return Change(scene, How.REACHES, least=least)


# By dashboard, then by panel: a change for each of its queries.
PANELS: dict[str, dict[str, tuple[Change, ...]]] = {
    "Overview": {
        "Source": (falls("down"),),
        "Since the last tick": (rises("silent", times=5),),
        "Written within, p99": (reaches("held", HELD_S),),
        "At the reader within, p99": (rises("reports"),),
        "Stale symbols": (rises("muted"),),
        "Alerts": (rises("silent"),),
        "Age of ticks, stage by stage, p99": (
            reaches("held", HELD_S),
            reaches("held", HELD_S),
            rises("reports"),
        ),
        "Health of symbols": (rises("silent", state="source_down"),),
        "Connected": (rises("load", transport="sse"),),
        "Behind": (rises("slow"),),
        "Disconnected by us": (rises("slow", reason="slow"),),
        "Ticks in": (rises("load"),),
        "Frames out": (rises("load"),),
        "Bytes out": (rises("load"),),
        "Event loop lag, p99": (reaches("held", HELD_S),),
        "CPU": (rises("odd", times=1.5),),
        "Limits in use": (rises("refused", limit="connections"),),
    },
    "Pipeline": {
        "Ticks by kind": (rises("load", kind="t"),),
        "Event → ingest": (reaches("odd", AGED_S / 2), reaches("held", HELD_S)),
        "Silence ÷ limit": (rises("silent", times=5),),
        # tests/ingest counts sources that are given up, and tests/sources/upstream what becomes
        # of connections to other servers.
        "Up, finished, given up": (falls("down"), rises("recording"), appears("recording")),
        "Failures": (rises("down"),),
        "Held for the slowest": (rises("recording"),),
        "Silence limit": (falls("load"),),
        "Rows skipped": (rises("recording", reason="unreadable"),),
        "Ticks refused": (rises("keys", reason="foreign"),),
        "A/B pairs": (rises("keys", outcome="repeats"),),
        "Pushed batches": (appears("recording"), appears("recording")),
        "Pushing now": (appears("recording"),),
        "Pushed and not applied": (appears("recording"),),
        "Connections to servers": (appears("following"), appears("following")),
        "Refused, missing, untold": tuple(appears("following") for _ in range(3)),
        "Behind the server that is followed": (appears("following"),),
        "Following": tuple(appears("following") for _ in range(3)),
        "Handed on to the writer": tuple(appears("following") for _ in range(4)),
        "Older than the ring": tuple(appears("following") for _ in range(7)),
        "Odd times": (rises("odd"), rises("odd")),
        "Fill": (rises("load", times=3),),
        "How far back it reaches": (falls("load"), appears("recording")),
        "Overruns": (rises("slow"),),
        "Cut": (rises("load"), rises("load")),
        "Time spent cutting": (rises("load"),),
        "Cuts": (rises("load"),),
        "Batch": (rises("load"), rises("load")),
        "Ticks waiting": (rises("load"),),
        "Symbols by health": (rises("muted", state="stale"),),
        "Lanes": (rises("load", transport="sse", codec="json"),),
        "Index entries": (rises("load"), appears("recording")),
        "Projections": (rises("load"), appears("recording")),
        "Ingest → written": (reaches("held", 0.02), reaches("held", HELD_S)),
        "Event → reader": (
            rises("reports", transport="websocket"),
            rises("reports", transport="websocket"),
        ),
        "Reports": (rises("reports", outcome="over_budget"),),
        "Running": (appears("recording"),),
        "First token": (rises("answers"), rises("answers")),
        "Between tokens": (rises("answers"), rises("answers")),
        "Tokens": (rises("answers", model="market"),),
        "Answers begun": (rises("answers", model="other"),),
        "Answers ended": (rises("answers", state="length"),),
        "Failed ÷ ended": (rises("answers"),),
        "Failed and refused, by kind": (rises("answers"),),
        "Written and watched": (rises("answers"), rises("answers")),
        "Came back to answers": (rises("answers", outcome="resumed"),),
        "Words": (rises("answers", channel="generations"),),
        "Readers of words": (rises("answers", channel="generations"),),
        "Keys that are kept": (rises("answers", channel="generations"),),
        "Bytes that are kept": (rises("answers"), appears("recording")),
        "Rooms and members": (rises("desk"), rises("desk")),
        "Said in rooms": (rises("desk", type="message"), rises("desk", type="removed")),
        "Not published in rooms": (rises("desk", reason="clash"), rises("desk")),
        "Rules of alerts": (rises("desk"), rises("desk")),
        # tests/alerts counts rules that are suspended.
        "Alerts": (rises("desk"), rises("desk"), appears("recording")),
        "Alerts and webhooks that wait": (rises("desk"), rises("desk")),
        "Time spent on rules": (rises("desk"),),
        "Time a tick": (rises("desk"),),
        "Commit of alerts": (rises("desk"), rises("desk")),
        "Commits that failed": (rises("state"),),
        "Webhooks": (rises("desk", outcome="given_up"),),
        "Jobs": (rises("desk", state="done"),),
        # tests/metrics counts what is refused, tests/jobs what goes on after a restart.
        "Jobs begun": (rises("desk", kind="ring"), appears("recording"), appears("recording")),
        "Jobs ended": (rises("desk", state="done"), rises("state", code="disk_full")),
        "Written by jobs": (rises("desk"), appears("recording")),
        "Bytes written by jobs": (rises("desk"),),
        "Files of jobs": (rises("desk"), appears("recording")),
        "State: unlogged": (rises("state"),),
        "State: unerased": (rises("state"),),
        "State: queue": (appears("state"),),
        "State: without room": (appears("state"),),
        "State: written": (rises("state"),),
        "State: checkpoints": (appears("state"),),
        "State: taken up": (appears("state"),),
    },
    "Subscribers": {
        "Connected": (rises("load", transport="sse", codec="json"),),
        "Coming and going": (rises("load"), rises("slow")),
        "Room for more": (rises("load"), appears("recording")),
        "Behind by at least so many ticks": (rises("slow", ticks="1000"),),
        "Largest lag ÷ ring": (rises("slow"),),
        "Held in sockets": (rises("slow"), rises("slow")),
        "Ladder": (rises("slow", step="gap"),),
        "Ticks in gaps": (rises("slow"),),
        "Ended, by reason": (rises("refused", reason="too_many_connections"),),
        "Resumes, by outcome": (rises("restart", outcome="new_epoch"),),
        # tests/http counts heads that do not end, and connections that are turned away.
        "Connections without a request": (appears("recording"),),
        "Unfinished heads and messages": (appears("recording"),),
        "Turned away, by reason": (appears("recording"),),
        "Warnings": (appears("recording"),),  # tests/http/test_warnings.py counts them
        # tests/http/test_access.py counts credentials, tests/e2e/test_tls.py certificates.
        "Credentials, by outcome": (appears("keys"),),
        "Keys": (appears("keys"), rises("keys"), appears("keys")),
        "Reloads of keys and certificate": (appears("keys"), appears("keys")),
        "Left of the certificate": (appears("keys"),),
        "Left of its life": (appears("keys"),),
        "Limits that had an effect": (rises("refused", limit="connections"),),
        "Memory of subscribers": (appears("recording"), appears("recording")),
    },
    "Compression and bytes": {
        "Sent": (rises("load", transport="sse"),),
        "Without compression": (rises("load", transport="sse"),),
        "Sent ÷ plain": (falls("load", transport="sse", codec="json"),),
        "Frames": (rises("load", times=3, transport="sse"),),
        "Bytes a frame": (rises("load"),),
        "Saved": (rises("load"),),
        "Memory": (rises("load"), appears("recording")),
        "Keyframes": (rises("load"),),
        "Refused": (rises("load"),),
    },
    "Host": {
        "CPU": (rises("odd", times=1.5),),
        "Memory": (rises("odd"), rises("odd", times=1.2)),
        "Open files": (rises("load"), appears("recording")),
        "Event loop lag": (reaches("held", HELD_S), reaches("held", HELD_S)),
        "Longest steps": (appears("recording"), appears("recording")),
        "Garbage collections": (rises("odd", generation="2"),),
        "Garbage": (rises("odd"),),
        "Log records lost": (appears("recording"),),  # tests/program/test_log_writer.py loses some
        "Up": (falls("restart"),),
        "Scrape": (reaches("held", HELD_S),),
        "Series": (appears("recording"),),
        "Running since": (differs("restart"),),
        "Python": (appears("recording"),),
    },
    # tests/cluster and tests/reign count what these panels show; here a cluster loses its NATS.
    "Cluster": {
        "Role": (appears("bus", role="leader"),),
        "Terms begun": (rises("bus"),),
        "Terms ended, by reason": (appears("takeover"),),
        "Connected to NATS": (appears("bus"), appears("bus")),
        "Processes of --workers": (appears("workers"), appears("workers")),
        "Waits for the log": (rises("nats_away"),),
        "A batch": (appears("bus"), appears("bus")),
        "Batches not answered at once": (appears("bus", outcome="unanswered"),),
        "Buffer": (rises("nats_away"),),
        "Dropped before they got a sequence": (appears("nats_away"),),
        "Written": (rises("bus"), rises("bus")),
        "Written bytes": (rises("bus"),),
        "Checkpoints": (appears("bus", outcome="written"),),
        "Erased in the stream": (appears("bus"), appears("bus")),
        "Edges behind": (appears("bus"),),
        "Events behind": (appears("bus"),),
        "Holes": (appears("bus"),),
        "Buckets unheard": (appears("bus"),),
        "Epochs": (rises("bus"),),
        "Subscribers of each edge": (appears("bus"),),
        "Resumes, by outcome": (rises("restart", outcome="new_epoch"),),
    },
}
# Recording rules, with their limit where there are several of a name; alerts fire in their scenes.
RECORDED: dict[str, Change] = {
    "feed:silence:ratio": rises("silent", times=5),
    "feed:write_age_seconds:p99_1m": reaches("held", HELD_S),
    "feed:delivery_age_seconds:p99_5m": rises("reports"),
    "feed:loop_lag_seconds:p99_1m": reaches("held", HELD_S),
    "feed:slow_disconnects:increase_5m": rises("slow"),
    "feed:ring_overruns:increase_5m": rises("slow"),
    "feed:subscribers:seen_5m": rises("load"),
    "feed:generations_failed:increase_5m": rises("answers"),
    "feed:generations_ended:increase_5m": rises("answers"),
    "feed:limit_used:ratio connections": rises("load"),
    "feed:limit_used:ratio index entries": rises("load"),
    "feed:limit_used:ratio compressor memory": rises("load"),
    "feed:limit_used:ratio memory of subscribers": rises("slow"),
    "feed:limit_used:ratio answers": rises("answers"),
    "feed:limit_used:ratio rooms": rises("desk"),
    "feed:limit_used:ratio members of rooms": rises("desk"),
    "feed:limit_used:ratio rules of alerts": rises("desk"),
    "feed:limit_used:ratio files of jobs": rises("desk"),
    "feed:limit_used:ratio open files": rises("load"),
}
FIRING: dict[str, str] = {
    "FeedScrapeDown": "restart",
    "FeedSourceDown": "down",
    "FeedStale": "silent",
    "FeedWriteAge": "held",
    "FeedLoopLag": "held",
    "FeedDeliveryAge": "reports",
    "FeedSymbolsStale": "muted",
    "FeedRingTooShort": "load",
    "FeedSlowSubscribersDropped": "slow",
    "FeedGaps": "slow",
    "FeedNearLimit": "refused",
    "FeedKeysFileBroken": "keys",
    "FeedCertificateExpires": "keys",
    "FeedStateUnlogged": "state",
    "FeedStateUnerased": "state",
    "FeedAnswersFail": "answers",
    "FeedJobsFail": "state",
    "FeedAlertsNotKept": "state",
    "FeedWebhooksGivenUp": "desk",
    "FeedNoLeader": "nats_away",
    "FeedBusDown": "nats_away",
    "FeedBusLag": "nats_away",
    "FeedBusDrops": "nats_away",
    "FeedLeaseChanges": "takeover",
    "FeedWorkersRestart": "workers",
}
# What takes a writer or an edge that is ill, for minutes: promtool tries these alone.
UNIT_TESTED = {"FeedEdgeBehind", "FeedBusCheckpointsFail", "FeedBusUnerased"}
# Scenes that need what may not be installed.
SCENES_WITH_NATS = ("bus", "takeover", "nats_away")


def everything_asked() -> Iterator[Asked]:
    """Yield every query of every panel and rule with its change; none may be missing."""
    for board in BOARDS:
        expected = dict(PANELS[board.title])
        for panel in board.panels:
            changes = expected.pop(panel.title)
            where = f"{board.title}: {panel.title}"
            for query, change in zip(panel.queries, changes, strict=True):
                yield Asked(f"{where}: {query.legend}", query.promql, change)
        assert not expected, f"{board.title} has no panels {', '.join(expected)}"
    for rule in RULES:
        if "record" in rule:
            limit = rule.get("labels", {}).get("limit")
            name = f"{rule['record']} {limit}" if limit else rule["record"]
            labels = f'{{limit="{limit}"}}' if limit else ""
            yield Asked(name, f"{rule['record']}{labels}", RECORDED[name])
        else:
            name = rule["alert"]
            if name in UNIT_TESTED:
                continue
            firing = f'ALERTS{{alertname="{name}", alertstate="firing"}}'
            scene = FIRING[name]
            yield Asked(name, firing, stands(scene) if scene == "held" else appears(scene))
