import type { IChartApi } from "lightweight-charts";
import { expect, test } from "vitest";
import { Layers, type Skin } from "../../src/elements/chart/layers.ts";
import { Picture } from "../../src/elements/chart/picture.ts";
import { Interruptions } from "../../src/market/interruptions.ts";
import { bar, tradeAt } from "../support/bars.ts";

const SKIN: Skin = {
  ...{ muted: "#111111", line: "#222222", ground: "#ffffff", up: "#00aa00", down: "#aa0000" },
  ...{ accent: "#333333", warn: "#444444", vwap: "#555555", averages: ["#666666", "#777777"] },
  ...{ compare: "#888888", fontFamily: "", fontSize: 12 },
};

/** A chart whose series keep the options that they were given. */
function fakeChart() {
  const options: Record<string, unknown>[] = [];
  const chart = {
    addSeries: () => {
      const ofSeries: Record<string, unknown> = {};
      options.push(ofSeries);
      return {
        applyOptions: (some: object) => Object.assign(ofSeries, some),
        setData: () => {},
        update: () => {},
      };
    },
    priceScale: () => ({ applyOptions: () => {} }),
  };
  const colour = () => options.find((some) => "upColor" in some)?.["priceLineColor"];
  return { chart: chart as unknown as IChartApi, colour };
}

test("the last price is marked by the colour of its way, though candles that rise are hollow", () => {
  const { chart, colour } = fakeChart();
  const layers = new Layers(chart, SKIN, { unit: 1, digits: 2, format: String });
  const picture = new Picture(
    { symbol: "A", timeframe: "1m", other: undefined, periods: [] },
    new Interruptions(),
  );
  picture.begin({ bars: { bars: [bar(0, 10)], current: bar(60, 10) } } as never, 100);
  layers.set(picture);
  expect(colour()).toBe(SKIN.up);
  const at = (second: number, price: number) => {
    picture.take(tradeAt(second, price));
    const change = picture.settle();
    expect(change).toBeDefined();
    layers.update(picture, change as NonNullable<typeof change>);
    return colour();
  };
  expect([at(61, 9), at(62, 11)]).toEqual([SKIN.down, SKIN.up]);
  layers.recolour({ ...SKIN, up: "#0000aa" });
  expect(colour()).toBe("#0000aa");
});
