/** The chart's place on the dashboard: its elements, colours, type, and where its bars come from. */

import type { ChartHost } from "../../elements/chart/chart.ts";
import { fetchBars } from "../../market/history.ts";
import { byId } from "../ui/dom.ts";
import { palette } from "../ui/palette.ts";

/** Of the size of the page's type. */
const TYPE_SHARE = 0.79;

export function chartHost(): ChartHost {
  return {
    element: byId("chart"),
    legend: byId("legend"),
    note: byId("chart-note"),
    bars: fetchBars,
    skin: () => ({
      ...palette(),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: Math.round(
        TYPE_SHARE * Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
      ),
    }),
  };
}
