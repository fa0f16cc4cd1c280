"""Texts of several processes as one: every sample says of which it is, and nothing is lost."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from feed.hub.siblings import Worker, WorkerKind
from feed.metrics.merging import Merged, labelled, merged
from feed.metrics.workers import worker_text

ONE = """# HELP feed_ticks_total Ticks.
# TYPE feed_ticks_total counter
feed_ticks_total{source="sim",kind="t"} 3.0
# HELP up_s Up.
# TYPE up_s gauge
up_s 1.5
"""
OTHER = """# HELP feed_ticks_total Ticks.
# TYPE feed_ticks_total counter
feed_ticks_total{source="a } b",kind="t"} 4.0
# HELP only_here Words.
# TYPE only_here gauge
only_here{} 1.0
"""
OPEN = """# HELP age_seconds Age.
# TYPE age_seconds histogram
age_seconds_bucket{le="+Inf"} 2.0 # {id="x"} 0.5
age_seconds_count 2.0
age_seconds_sum 1.0
# EOF
"""


def test_families_are_merged_in_the_order_in_which_they_come_first() -> None:
    text = merged({"writer": ONE, "edge-1": OTHER})
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert list(families) == ["feed_ticks", "up_s", "only_here"]
    assert families["feed_ticks"].documentation == "Ticks."
    samples = [(each.labels, each.value) for each in families["feed_ticks"].samples]
    assert samples == [
        ({"worker": "writer", "source": "sim", "kind": "t"}, 3.0),
        ({"worker": "edge-1", "source": "a } b", "kind": "t"}, 4.0),
    ]
    assert families["up_s"].samples[0].labels == {"worker": "writer"}
    assert families["only_here"].samples[0].labels == {"worker": "edge-1"}
    assert text.count("# TYPE feed_ticks_total counter") == 1


def test_an_exemplar_is_no_label() -> None:
    label = 'worker="w"'
    assert labelled('plain 1.0 # {id="y"} 1.0', label) == 'plain{worker="w"} 1.0 # {id="y"} 1.0'
    assert labelled('b{le="1"} 2 # {id="x"} 1', label) == 'b{worker="w",le="1"} 2 # {id="x"} 1'


def test_open_metrics_end_once() -> None:
    text = merged({"a": OPEN, "b": OPEN})
    assert text.count("# EOF") == 1
    assert text.endswith("# EOF\n")
    (family,) = open_families(text)  # type: ignore[no-untyped-call]  # published without types
    assert {each.labels["worker"] for each in family.samples} == {"a", "b"}


def test_a_name_is_escaped() -> None:
    assert 'up{worker="a\\"\\\\b"} 1' in merged({'a"\\b': "# TYPE up gauge\nup 1\n"})


def test_one_step_is_one_family() -> None:
    assert sum(1 for _ in Merged().add("writer", ONE)) == 2


def test_who_answers_and_who_has_died_is_told() -> None:
    edge = Worker("edge-1", WorkerKind.EDGE, 2, 7, "", "", restarts=3)
    whole = Merged()
    whole.add_plain(worker_text({edge: False}))
    samples = {
        each.name: (each.labels, each.value)
        for family in text_string_to_metric_families(whole.text())
        for each in family.samples
    }
    assert samples["feed_worker_up"] == ({"worker": "edge-1"}, 0.0)
    assert samples["feed_worker_restarts_total"] == ({"worker": "edge-1"}, 3.0)
