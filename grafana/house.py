"""The house style of the dashboards, and the only module that knows Grafana's SDK.

A dashboard is data: a board of rows of panels of queries. A query is PromQL in which `<…>` after a
metric stands for its selector: `feed_lanes<>` asks for the chosen instances, `feed_ticks_total<$>`
for the chosen sources of them too, and `feed_disconnects_total<reason="slow">` for one label more.

SDK: grafana-foundation-sdk 11.6, whose versions on PyPI carry an epoch (`1769699379!11.6.0`); the
one that pip takes by default is the schema of Grafana 10.1.
"""

import re
from dataclasses import dataclass
from enum import Enum

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

TAG = "feed"
_DATA_SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="$datasource")
_COLUMNS = 24
_SELECTOR = re.compile(r"(?<=\w)<([^<>]*)>")

GREEN, AMBER, RED = "green", "orange", "red"
Thresholds = tuple[tuple[float, str], ...]
AnyPanel = stat.Panel | table.Panel | timeseries.Panel | BarGauge


class Unit(Enum):
    """Grafana's names of units."""

    SECONDS = "s"
    BYTES = "decbytes"
    BYTES_PER_S = "Bps"
    PER_S = "cps"
    COUNT = "short"
    SHARE = "percentunit"
    TIME = "dateTimeAsIso"


class Kind(Enum):
    """How a panel shows its queries."""

    LINES = "lines"
    STACK = "stack"
    LOG = "log"
    NUMBER = "number"
    GAUGE = "gauge"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        expr: PromQL with the shorthand for selectors.
        legend: the name of its series, with `{{label}}`.
    """

    expr: str
    legend: str

    @property
    def promql(self) -> str:
        """The expression as Prometheus reads it."""
        return _SELECTOR.sub(_selector, self.expr)


@dataclass(frozen=True, slots=True)
class Panel:
    """One frame with a figure or a plot.

    Attributes:
        title: the name of the figure.
        description: its meaning, and advice for when it is bad.
        unit: of all its queries.
        queries: in the order of the legend.
        kind: how it is drawn.
        width: of 24 columns.
        thresholds: from which value on in which colour; green before.
        words: names of single values, for numbers that are not quantities.
    """

    title: str
    description: str
    unit: Unit
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    width: int = 8
    thresholds: Thresholds = ()
    words: tuple[tuple[str, str, str], ...] = ()

    @property
    def height(self) -> int:
        """In Grafana's units of 30 pixels."""
        return 4 if self.kind is Kind.NUMBER else 8


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard.

    Attributes:
        uid: in its address, and the name of its file.
        title, description: for people.
        rows: from the top.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> list[Panel]:
        """All panels, from the top."""
        return [panel for row in self.rows for panel in row.panels]


def build(board: Board) -> dashboard.Dashboard:
    """Make Grafana's dashboard of a board."""
    built = (
        builders.Dashboard(f"Feed / {board.title}")
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(_link_to_the_others())
    )
    for variable in _variables():
        built.with_variable(variable)
    top = 0
    number = 0
    for row in board.rows:
        built.with_row(builders.Row(row.title).id(number := number + 1).grid_pos(_at(0, top)))
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, height = 0, top + height, 0
            position = dashboard.GridPos(h=panel.height, w=panel.width, x=left, y=top)
            built.with_panel(_panel(panel).id(number := number + 1).grid_pos(position))
            left += panel.width
            height = max(height, panel.height)
        top += height
    return built.build()


def _at(left: int, top: int) -> dashboard.GridPos:
    return dashboard.GridPos(h=1, w=_COLUMNS, x=left, y=top)


def _selector(match: re.Match[str]) -> str:
    parts = [part.strip() for part in match[1].split(",") if part]
    labels = ['source=~"$source"' if part == "$" else part for part in parts]
    return "{" + ", ".join(['instance=~"$instance"', *labels]) + "}"


def _link_to_the_others() -> builders.DashboardLink:
    return (
        builders.DashboardLink("Feed")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
        .as_dropdown(as_dropdown=False)
    )


def _variables() -> tuple[builders.DatasourceVariable | builders.QueryVariable, ...]:
    source = builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    return (
        source,
        _choice("instance", "Instance", "label_values(feed_build_info, instance)"),
        _choice("source", "Source", 'label_values(feed_source_up{instance=~"$instance"}, source)'),
    )


def _choice(name: str, label: str, query: str) -> builders.QueryVariable:
    """Return a variable of which any number can be chosen; at first all."""
    everything = dashboard.VariableOption(selected=True, text="All", value="$__all")
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(_DATA_SOURCE)
        .query(query)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(everything)
    )


def _panel(panel: Panel) -> AnyPanel:
    made = _drawn(panel)
    made.title(panel.title)
    made.description(panel.description)
    made.datasource(_DATA_SOURCE)
    made.unit(panel.unit.value)
    made.thresholds(_thresholds(panel.thresholds))
    if panel.words:
        made.mappings([_words(panel)])
    for index, query in enumerate(panel.queries):
        target = (
            prometheus.Dataquery()
            .expr(query.promql)
            .legend_format(query.legend)
            .ref_id(chr(ord("A") + index))
            .datasource(_DATA_SOURCE)
        )
        if panel.kind in {Kind.NUMBER, Kind.GAUGE, Kind.TABLE}:
            target.instant()
        else:
            target.range()
        if panel.kind is Kind.TABLE:
            target.format(PromQueryFormat.TABLE)
        made.with_target(target)
    return made


def _drawn(panel: Panel) -> AnyPanel:
    """Return the empty panel of a kind."""
    last = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
    coloured = builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS)
    if panel.kind is Kind.NUMBER:
        return (
            stat.Panel()
            .color_mode(common.BigValueColorMode.BACKGROUND)
            .graph_mode(common.BigValueGraphMode.NONE)
            .text_mode(common.BigValueTextMode.AUTO)
            .reduce_options(last)
            .color_scheme(coloured)
        )
    if panel.kind is Kind.GAUGE:
        return (
            BarGauge()
            .orientation(common.VizOrientation.HORIZONTAL)
            .display_mode(common.BarGaugeDisplayMode.BASIC)
            .reduce_options(last)
            .color_scheme(coloured)
            .min(0)
            .max(1)
        )
    if panel.kind is Kind.TABLE:
        hidden = {"Time": True, "Value": True, "__name__": True, "job": True}
        organise = dashboard.DataTransformerConfig(
            id_val="organize", options={"excludeByName": hidden}
        )
        align = common.FieldTextAlignment.AUTO
        return table.Panel().align(align).inspect(inspect=False).with_transformation(organise)
    return _lines(panel)


def _lines(panel: Panel) -> timeseries.Panel:
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "max"])
    )
    tooltip = (
        common_builders.VizTooltipOptions()
        .mode(common.TooltipDisplayMode.MULTI)
        .sort(common.SortOrder.DESCENDING)
    )
    lines = (
        timeseries.Panel()
        .legend(legend)
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.AUTO)
    )
    if panel.kind is Kind.STACK:
        stacked = common_builders.StackingConfig().mode(common.StackingMode.NORMAL)
        lines.stacking(stacked).fill_opacity(40).min(0)
    elif panel.kind is Kind.LOG:
        scale = common_builders.ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)
        lines.scale_distribution(scale).fill_opacity(0)
    else:
        lines.min(0)
    if panel.thresholds:
        dashed = common.GraphThresholdsStyleMode.DASHED
        lines.thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(dashed))
    return lines


def _thresholds(thresholds: Thresholds) -> builders.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color=GREEN)]
    steps += [dashboard.Threshold(value=value, color=color) for value, color in thresholds]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _words(panel: Panel) -> dashboard.ValueMap:
    return dashboard.ValueMap(
        options={
            value: dashboard.ValueMappingResult(text=text, color=color, index=index)
            for index, (value, text, color) in enumerate(panel.words)
        }
    )
