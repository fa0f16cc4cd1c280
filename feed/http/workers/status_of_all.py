"""The status of a server that is several processes, from what each of them says of itself.

What comes in is the writer's business, and told as it tells it; what is served is the edges', and
added up. Pure but for the forms of answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from feed.http.answer_models import StatusAnswer, TrafficStatus, WorkerStatus
from feed.hub.siblings import Worker, WorkerKind
from feed.wire.rfc3339 import rfc3339


def status_of_all(
    own: tuple[Worker, StatusAnswer], others: Mapping[Worker, StatusAnswer | None]
) -> StatusAnswer:
    """Return the status of the whole server.

    Args:
        own: of whoever was asked.
        others: of the other workers; None: it did not answer.
    """
    everybody: dict[Worker, StatusAnswer | None] = {own[0]: own[1], **others}
    answers = {worker: each for worker, each in everybody.items() if each is not None}
    edges = [each for worker, each in answers.items() if worker.kind is WorkerKind.EDGE]
    writer = next(
        (each for worker, each in answers.items() if worker.kind is WorkerKind.WRITER), own[1]
    )
    whole: StatusAnswer = {
        **writer,
        "uptime_s": max(each["uptime_s"] for each in answers.values()),
        "leaving": own[1]["leaving"],
        "fan_out": own[1]["fan_out"],
        "connections": _sum(each["connections"] for each in edges),
        "behind": sum(each["behind"] for each in edges),
        "largest_lag_ticks": max((each["largest_lag_ticks"] for each in edges), default=0),
        "lanes": sum(each["lanes"] for each in edges),
        "generations": {
            **writer["generations"],
            "watchers": sum(each["generations"]["watchers"] for each in edges),
        },
        "traffic": _traffic(edges),
        "ladder": _sum(each["ladder"] for each in edges),
        "resumes": _sum(each["resumes"] for each in edges),
        "disconnects": _sum(each["disconnects"] for each in edges),
        "workers": [_line(worker, each) for worker, each in sorted(everybody.items(), key=_order)],
    }
    return whole


def _order(item: tuple[Worker, object]) -> tuple[bool, str, int]:
    worker, _ = item
    return worker.kind is not WorkerKind.WRITER, worker.name, worker.serial


def _line(worker: Worker, answer: StatusAnswer | None) -> WorkerStatus:
    line: WorkerStatus = {
        "name": worker.name,
        "kind": worker.kind.value,
        "pid": worker.pid,
        "since": rfc3339(worker.began_wall_ns),
        "restarts": worker.restarts,
        "up": answer is not None,
    }
    if answer is not None:
        line["pos"] = answer["pos"]
        line["connections"] = sum(answer["connections"].values())
        line["behind"] = answer["behind"]
        line["leaving"] = answer["leaving"]
    return line


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        for name, count in each.items():
            total[name] += count  # also where it is 0: the name is there
    return dict(total)


def _traffic(edges: Sequence[StatusAnswer]) -> list[TrafficStatus]:
    total: dict[tuple[str, str], TrafficStatus] = {}
    for edge in edges:
        for each in edge["traffic"]:
            key = each["transport"], each["codec"]
            before = total.get(key)
            if before is None:
                total[key] = each
                continue
            total[key] = TrafficStatus(
                transport=each["transport"],
                codec=each["codec"],
                frames=before["frames"] + each["frames"],
                frame_bytes=before["frame_bytes"] + each["frame_bytes"],
                plain_bytes=before["plain_bytes"] + each["plain_bytes"],
            )
    return list(total.values())
