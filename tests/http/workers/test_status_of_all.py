"""The status of several processes as one."""

from typing import Any

from feed.http.workers.status_of_all import status_of_all
from feed.hub.siblings import Worker, WorkerKind

WRITER = Worker("writer", WorkerKind.WRITER, 1, 11, "", "", restarts=1)
ONE = Worker("edge-1", WorkerKind.EDGE, 2, 12, "", "")
OTHER = Worker("edge-2", WorkerKind.EDGE, 3, 13, "", "")


def status(name: str, sse: int, **others: Any) -> Any:
    plain: dict[str, Any] = {
        "uptime_s": 5.0,
        "leaving": False,
        "pos": "k3f9-7",
        "source": {"name": name},
        "fan_out": {"threads": 1},
        "connections": {"sse": sse},
        "behind": sse,
        "largest_lag_ticks": sse,
        "lanes": 1,
        "generations": {"running": 2, "watchers": sse},
        "traffic": [
            {"transport": "sse", "codec": name, "frames": 1, "frame_bytes": 2, "plain_bytes": 3},
            {"transport": "sse", "codec": "x", "frames": sse, "frame_bytes": 2, "plain_bytes": 3},
        ],
        "ladder": {"gap": sse},
        "resumes": {"replayed": sse},
        "disconnects": {"slow": 0},
    }
    return plain | others


def test_what_is_served_is_the_edges_and_what_comes_in_the_writers() -> None:
    whole = status_of_all(
        (ONE, status("feed", 3)),
        {OTHER: status("feed", 4, uptime_s=9.0), WRITER: status("sim", 2, lanes=7)},
    )
    assert whole["source"]["name"] == "sim"
    assert whole["connections"] == {"sse": 7}
    assert (whole["behind"], whole["largest_lag_ticks"], whole["lanes"]) == (7, 4, 2)
    assert whole["generations"] == {"running": 2, "watchers": 7}
    assert (whole["ladder"], whole["disconnects"]) == ({"gap": 7}, {"slow": 0})
    assert whole["uptime_s"] == 9.0
    assert [each["frames"] for each in whole["traffic"]] == [2, 7]
    names = [(each["name"], each["restarts"], each["up"]) for each in whole["workers"]]
    assert names == [("writer", 1, True), ("edge-1", 0, True), ("edge-2", 0, True)]


def test_one_that_does_not_answer_is_down_and_counts_for_nothing() -> None:
    whole = status_of_all((ONE, status("feed", 3)), {OTHER: None, WRITER: None})
    assert whole["connections"] == {"sse": 3}
    assert whole["source"]["name"] == "feed", "as far as an edge knows"
    downs = [each["name"] for each in whole["workers"] if not each["up"]]
    assert downs == ["writer", "edge-2"]
    assert "pos" not in next(each for each in whole["workers"] if not each["up"])
