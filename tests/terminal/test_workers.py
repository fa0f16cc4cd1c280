"""The numbers of a server that is several processes: none is there twice."""

from feed.terminal.sample import Metrics

TEXT = """# TYPE feed_ticks_total counter
feed_ticks_total{worker="writer",source="sim",kind="t"} 10
feed_ticks_total{worker="edge-1",source="feed",kind="t"} 10
feed_ticks_total{worker="edge-2",source="feed",kind="t"} 9
# TYPE feed_connections gauge
feed_connections{worker="writer",transport="stream",codec="json"} 2
feed_connections{worker="edge-1",transport="stream",codec="json"} 5
feed_connections{worker="edge-1-leaving",transport="stream",codec="json"} 3
# TYPE feed_connections_limit gauge
feed_connections_limit{worker="writer"} 20
feed_connections_limit{worker="edge-1"} 20
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total{worker="writer"} 1
process_cpu_seconds_total{worker="edge-1"} 2
"""


def test_ticks_are_the_writers_and_subscribers_the_edges() -> None:
    metrics = Metrics(TEXT)
    assert metrics.total("feed_ticks_total") == 10
    assert metrics.total("feed_connections") == 8
    assert metrics.total("feed_connections_limit") == 20
    assert metrics.total("process_cpu_seconds_total") == 3


def test_of_one_process_all_counts() -> None:
    metrics = Metrics("feed_ticks_total 3\nfeed_connections 2\nfeed_connections_limit 9\n")
    totals = ("feed_ticks_total", "feed_connections", "feed_connections_limit")
    assert [metrics.total(name) for name in totals] == [3, 2, 9]
