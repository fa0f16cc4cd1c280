"""Quantiles of histograms, which all dashboards ask for in the same way."""

from grafana.house import Query


def quantile(share: float, metric: str, legend: str, *labels: str, selector: str = "") -> Query:
    """Ask for a quantile of a histogram, by instance and further labels.

    Args:
        share: 0.5 for the median, 0.99 for the value that one in a hundred exceeds.
        metric: without `_bucket`.
        legend: the name of the series after its instance.
        labels: by which to tell series apart, besides the instance.
        selector: the text between `<` and `>`.
    """
    by = ", ".join(("instance", *labels, "le"))
    rate = f"rate({metric}_bucket<{selector}>[$__rate_interval])"
    return Query(
        f"histogram_quantile({share}, sum by ({by}) ({rate}))", f"{{{{instance}}}} {legend}"
    )


def rate(metric: str, legend: str, *labels: str, selector: str = "") -> Query:
    """Ask for a counter's growth per second, by instance and further labels."""
    by = ", ".join(("instance", *labels))
    expr = f"sum by ({by}) (rate({metric}<{selector}>[$__rate_interval]))"
    return Query(expr, f"{{{{instance}}}} {legend}")
