"""CPU time of a page's main thread by kind of work, out of a trace of Chromium.

Events nest; each counts with the time that none within it took. Source: the names of the timeline
of DevTools (`front_end/models/trace/types/TraceEvents.ts`).
"""

import json
from collections import Counter
from typing import Any

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "v8", "blink"]
_KINDS = {
    "script": "FunctionCall EvaluateScript v8.run v8.callFunction FireAnimationFrame TimerFire "
    "RunMicrotasks EventDispatch v8.newInstance",
    "compile": "v8.compile v8.compileModule v8.evaluateModule v8.produceCache V8.CompileCode",
    "style": "UpdateLayoutTree Document::updateStyle Document::recalcStyle",
    "layout": "Layout LocalFrameView::layout",
    "prepaint": "PrePaint",
    "paint": "Paint PaintImage LocalFrameView::RunPaintLifecyclePhase",
    "layers": "Layerize UpdateLayer UpdateLayerTree Commit",
    "garbage": "MinorGC MajorGC V8.GCScavenger V8.GCIncrementalMarking V8.GCFinalizeMC",
    "parse": "ParseHTML ParseAuthorStyleSheet",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def main_thread_ms(trace: bytes) -> dict[str, float]:
    """Return the CPU milliseconds of each kind on the busiest renderer's main thread."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    of_thread: dict[tuple[int, int], list[dict[str, Any]]] = {thread: [] for thread in mains}
    for event in events:
        thread = (event["pid"], event["tid"])
        if event["ph"] == "X" and thread in of_thread and "tdur" in event:
            of_thread[thread].append(event)
    found = [_by_kind(of_one) for of_one in of_thread.values()]
    return dict(max(found, key=Counter.total, default=Counter()).most_common())


def _by_kind(events: list[dict[str, Any]]) -> Counter[str]:
    """Sum up what each event took itself; one of no kind is of what it stands in."""
    kinds: Counter[str] = Counter()
    open_events: list[tuple[float, str]] = []  # its end, and its kind
    for event in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
        while open_events and open_events[-1][0] <= event["ts"]:
            open_events.pop()
        around = open_events[-1][1] if open_events else ""
        kind = _KIND_OF.get(event["name"], around or "other")
        if around:
            kinds[around] -= event["tdur"] / 1e3
        kinds[kind] += event["tdur"] / 1e3
        open_events.append((event["ts"] + event["dur"], kind))
    return kinds
