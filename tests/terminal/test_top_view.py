"""What `feed top` shows, without a server and without a terminal."""

from collections.abc import Mapping
from typing import Any

import pytest

from feed.market.ticks import SECOND_NS
from feed.terminal.sample import Sample
from feed.terminal.top_view import WINDOW, TopView
from tests.terminal.answers import STATUS
from tests.terminal.shown import lines_of

CALM: dict[str, float] = {
    'feed_ticks_total{kind="t"}': 600,
    'feed_ticks_total{kind="q"}': 400,
    'feed_ticks_total{kind="s"}': 0,
    "process_cpu_seconds_total": 10,
    "process_resident_memory_bytes": 68_000_000,
    "feed_socket_buffer_bytes": 128_000,
    "feed_largest_socket_buffer_bytes": 64_000,
    "feed_connections_limit": 20_000,
    'feed_connections{transport="websocket",codec="json"}': 2,
    'feed_connections{transport="websocket",codec="msgpack"}': 0,
    'feed_connections{transport="sse",codec="json"}': 7,
    'feed_connections_opened_total{transport="websocket",codec="json"}': 5,
    'feed_connections_opened_total{transport="websocket",codec="msgpack"}': 0,
    'feed_connections_opened_total{transport="sse",codec="json"}': 7,
    'feed_lanes{transport="websocket",codec="json"}': 1,
    'feed_lanes{transport="sse",codec="json"}': 3,
    'feed_frames_total{transport="websocket",codec="json"}': 100,
    'feed_frames_total{transport="sse",codec="json"}': 100,
    'feed_frame_bytes_total{transport="websocket",codec="json"}': 1_000,
    'feed_frame_bytes_total{transport="sse",codec="json"}': 1_000,
    'feed_plain_bytes_total{transport="websocket",codec="json"}': 5_000,
    'feed_plain_bytes_total{transport="sse",codec="json"}': 1_000,
    'feed_ladder_steps_total{step="paused"}': 3,
    'feed_ladder_steps_total{step="caught_up"}': 3,
    'feed_resumes_total{outcome="replayed"}': 4,
    'feed_disconnects_total{reason="client_left"}': 2,
    'feed_disconnects_total{reason="slow"}': 0,
    'feed_write_age_seconds_bucket{le="0.001"}': 0,
    'feed_write_age_seconds_bucket{le="0.01"}': 0,
    'feed_write_age_seconds_bucket{le="+Inf"}': 0,
    "feed_write_age_seconds_count": 0,
    'feed_loop_lag_seconds_bucket{le="0.1"}': 0,
    'feed_loop_lag_seconds_bucket{le="0.5"}': 0,
    'feed_loop_lag_seconds_bucket{le="+Inf"}': 0,
    "feed_loop_lag_seconds_count": 0,
}
BUSY = CALM | {
    'feed_ticks_total{kind="t"}': 800,
    "process_cpu_seconds_total": 10.5,
    'feed_connections_opened_total{transport="sse",codec="json"}': 9,
    'feed_frames_total{transport="websocket",codec="json"}': 180,
    'feed_frame_bytes_total{transport="websocket",codec="json"}': 3_000,
    'feed_plain_bytes_total{transport="websocket",codec="json"}': 13_000,
    'feed_ladder_steps_total{step="paused"}': 4,
    'feed_write_age_seconds_bucket{le="0.01"}': 10,
    'feed_write_age_seconds_bucket{le="+Inf"}': 10,
    "feed_write_age_seconds_count": 10,
    'feed_loop_lag_seconds_bucket{le="0.5"}': 2,
    'feed_loop_lag_seconds_bucket{le="+Inf"}': 2,
    "feed_loop_lag_seconds_count": 2,
}


def sample_at(second: int, metrics: Mapping[str, float], **status: Any) -> Sample:
    text = "".join(f"{name} {value}\n" for name, value in metrics.items())
    return Sample.of(second * SECOND_NS, STATUS | status, text)


def view_after(*samples: Sample) -> TopView:
    view = TopView("http://a")
    for sample in samples:
        view.update(sample)
    return view


def shown(view: TopView, width: int = 80, height: int | None = 24, wall_ns: int = 0) -> list[str]:
    return lines_of(view.render(width, height, wall_ns), width)


def fact(view: TopView, name: str) -> str:
    """Return what is said of one thing."""
    (line,) = [line for line in shown(view, 200, None) if line.startswith(f"{name:<12}")]
    return line[12:]


def test_a_screen_of_80_by_24_is_all_there_is_to_see() -> None:
    connections = {"sse": 7, "websocket": 2}
    view = view_after(sample_at(0, CALM), sample_at(2, BUSY, connections=connections))
    assert shown(view) == [
        "feed top  up 2h 5m  version 1.2.3  http://a",
        "Source      sim, live",
        "Ticks       100/s: trades 100/s, quotes 0/s, statuses 0/s; at abcd-200",
        "Ring        200 of 1,000 ticks, back 42.0s, 1m 0s promised",
        "Symbols     live 3, stale 0, halted 0, source down 0",
        "Process     CPU 25% of a core, memory 68.0 MB, in sockets 128 kB, most 64.0 kB",
        "Subscribers 9 of 20,000, lanes 1, nobody behind; opened 1/s, ended 0/s",
        "Ladder      paused 4 (0.5/s), caught up 3",
        "Resumes     replayed 4",
        "Ended       client left 2",
        "",
        "AGE                    P50      P90      P99       SEEN",
        "event to server          –        –        –        –/s",
        "server to socket     5.5ms    9.1ms    9.9ms        5/s",
        "event to reader          –        –        –        –/s",
        "a cut                    –        –        –        –/s",
        "loop lag           300.0ms  460.0ms  496.0ms        1/s",
        "",
        "TRANSPORT  CODEC       SUBSCR   LANES   FRAMES/S   BYTES/S    SAVED   OPENED",
        "websocket  json             2       1         40    1.0 kB      75%        5",
        "sse        json             7       3          0       0 B        –        9",
        "",
        "",
        "q quit  s sort (as given)  r reverse  space pause  ↑↓ scroll",
    ]


def test_of_one_sample_rates_are_not_known_yet() -> None:
    assert fact(view_after(sample_at(0, CALM)), "Ticks").startswith("–/s: trades –/s")


@pytest.mark.parametrize("width", [30, 80, 200])
@pytest.mark.parametrize("height", [3, 10, 18, 20, 24, 60])
def test_it_fits_into_a_terminal_of_any_size(width: int, height: int) -> None:
    lines = shown(view_after(sample_at(0, CALM), sample_at(2, BUSY)), width, height)
    assert len(lines) == height
    assert all(len(line) <= width for line in lines)
    assert lines[-1].startswith("q quit")


def test_ages_give_way_to_the_table_where_there_are_few_lines() -> None:
    view = view_after(sample_at(0, CALM))
    assert not any(line.startswith("AGE") for line in shown(view, height=17))
    assert any(line.startswith("sse ") for line in shown(view, height=17))
    assert any(line.startswith("AGE") for line in shown(view, height=18))


def test_rates_are_over_the_last_few_samples() -> None:
    samples = [sample_at(second, CALM) for second in range(10)]
    view = view_after(*samples, sample_at(10, BUSY))
    assert fact(view, "Ticks").startswith(f"{200 / (WINDOW - 1):.0f}/s")


def test_a_server_that_was_started_again_begins_anew() -> None:
    ring = {**STATUS["ring"], "epoch": "efgh"}
    view = view_after(sample_at(0, BUSY), sample_at(1, CALM, ring=ring))
    assert fact(view, "Ticks").startswith("–/s")
    view.update(sample_at(2, CALM, ring=ring))
    assert fact(view, "Ticks").startswith("0/s")


def source(**changes: object) -> dict[str, Any]:
    return {"source": {**STATUS["source"], **changes}}


SOURCES: list[tuple[dict[str, Any], str]] = [
    ({}, "sim, live"),
    ({"feed": {"state": "source_down", "reason": "silent"}}, "sim, DOWN (silent)"),
    (
        {"feed": {"state": "source_down", "reason": "finished"}, **source(finished=True)},
        "sim, FINISHED: the recording has come to its end",
    ),
    (source(up=False), "sim, DOWN (not open)"),
    (
        source(up=False, failures=2, last_error="no\x1bfile"),
        "sim, DOWN (not open), failed 2 times: no�file",
    ),
]


@pytest.mark.parametrize(("status", "words"), SOURCES)
def test_the_source_is_told(status: dict[str, Any], words: str) -> None:
    assert fact(view_after(sample_at(0, CALM, **status)), "Source") == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            {"durable": "abcd-200", "fault": "", "checkpoint_age_s": 12.0, "holes": 0},
            "a kill loses nothing up to abcd-200, checkpoint 12.0s ago",
        ),
        (
            {"durable": None, "fault": "No space\x1b", "checkpoint_age_s": None, "holes": 1},
            "a kill would lose all of it: No space\ufffd, 1 hole in the ring",
        ),
    ],
)
def test_how_far_the_state_goes_is_told(state: dict[str, Any], words: str) -> None:
    assert fact(view_after(sample_at(0, CALM, state=state)), "State") == words


def test_who_is_behind_is_told() -> None:
    view = view_after(sample_at(0, CALM, behind=3, largest_lag_ticks=1_204))
    assert "3 BEHIND by up to 1,204 ticks" in fact(view, "Subscribers")


def test_rooms_alerts_and_jobs_are_told_where_there_are_some() -> None:
    some = BUSY | {
        "feed_rooms": 3,
        "feed_rooms_limit": 1_000,
        "feed_room_members": 12,
        'feed_room_messages_total{type="message"}': 40,
        'feed_room_messages_total{type="deleted"}': 40,
        'feed_room_refused_total{reason="limit"}': 2,
        "feed_alert_rules": 5,
        "feed_alert_rules_armed": 4,
        "feed_alert_firings_waiting": 3,
        "feed_alert_firings_total": 6,
        "feed_alert_commit_failures_total": 1,
        'feed_webhooks_total{outcome="delivered"}': 8,
        'feed_webhooks_total{outcome="given_up"}': 2,
        'feed_jobs{state="running"}': 1,
        'feed_jobs{state="failed"}': 2,
        "feed_job_file_bytes": 4_000,
    }
    before = dict.fromkeys((name for name in some if "_total" in name), 0.0)
    view = view_after(sample_at(0, some | before), sample_at(2, some))
    assert fact(view, "Rooms") == "3 of 1,000, members 12; messages 20/s, refused 1/s"
    assert fact(view, "Alerts") == (
        "4 of 5 rules armed; fired 3/s, 3 not acknowledged, COMMITS FAIL 0.5/s, "
        "webhooks given up 1/s"
    )
    assert fact(view, "Jobs") == "queued –, running 1, done –, failed 2, cancelled –; files 4.0 kB"
    none = view_after(sample_at(0, CALM | {"feed_rooms": 0, 'feed_jobs{state="done"}': 0}))
    assert not [line for line in shown(none) if line.startswith(("Rooms", "Alerts", "Jobs"))]


def test_a_server_that_leaves_says_so() -> None:
    assert "LEAVING" in shown(view_after(sample_at(0, CALM, leaving=True)))[0]


def test_nobody_has_connected() -> None:
    empty = {name: value for name, value in CALM.items() if "connections_opened" not in name}
    view = view_after(sample_at(0, empty))
    assert "nobody has connected yet" in shown(view)
    assert fact(view, "Ended") == "client left 2"


def test_before_the_first_answer_it_is_asking() -> None:
    lines = shown(TopView("http://a"))
    assert lines[0] == "feed top  asking …  http://a"
    assert len(lines) == 24


def test_a_server_without_an_answer_is_told_and_the_last_one_stays() -> None:
    view = view_after(sample_at(0, CALM))
    view.fail("cut", 10 * SECOND_NS)
    view.fail("refused", 12 * SECOND_NS)
    assert view.urgent == 1
    lines = shown(view, wall_ns=13 * SECOND_NS)
    assert lines[0] == "feed top  NO ANSWER for 3.0s: refused  http://a"
    assert lines[1] == "Source      sim, live"
    view.update(sample_at(14, CALM))
    assert view.urgent == 2
    assert "NO ANSWER" not in shown(view)[0]


def test_a_pause_holds_what_is_shown() -> None:
    view = view_after(sample_at(0, CALM), sample_at(2, BUSY))
    before = shown(view)[1:]
    assert view.press(" ", 0)
    view.update(sample_at(4, BUSY))
    held = shown(view, wall_ns=2 * SECOND_NS)
    assert held[0].startswith("feed top  PAUSED 2.0s  ")
    assert held[1:] == before
    assert view.press(" ", 0)
    assert shown(view)[1:] != before


def test_keys_sort_the_table_and_q_ends_it() -> None:
    view = view_after(sample_at(0, CALM))

    def transports() -> list[str]:
        return [line.split()[0] for line in shown(view) if " json " in line]

    assert transports() == ["websocket", "sse"]
    for _ in range(3):  # transport, codec, subscribers
        assert view.press("s", 0)
    assert "sort (subscr)" in shown(view)[-1]
    assert transports() == ["sse", "websocket"]
    assert view.press("r", 0)
    assert transports() == ["websocket", "sse"]
    assert not view.press("q", 0)
