import type { IChartApi, ISeriesApi } from "lightweight-charts";
import { describe, expect, test } from "vitest";
import { Crosshair, type Scene } from "../../src/elements/chart/crosshair.ts";

const HEIGHT_PX = 100;

/** A crosshair of a chart that shows prices from `top` down, one a pixel; what it draws is rounded. */
function crosshairAt(close: number, top: { price: number }): Crosshair {
  const chart = { panes: () => [{ getHeight: () => HEIGHT_PX }], setCrosshairPosition: () => {} };
  const candles = {
    coordinateToPrice: (y: number) => top.price - y,
    priceToCoordinate: (price: number) => top.price - price + 1e-9,
  };
  const picture = { main: { newest: { close } }, laid: { slots: [60] } };
  return new Crosshair(
    chart as unknown as IChartApi,
    candles as unknown as ISeriesApi<"Candlestick">,
    () => ({ picture, grid: { unit: 1, digits: 2 } }) as unknown as Scene,
  );
}

function climb(crosshair: Crosshair, by: number, times: number): number | undefined {
  for (let time = 0; time < times; time += 1) {
    crosshair.climb(by);
  }
  return crosshair.pointed.price;
}

describe("the crosshair, by keys", () => {
  test("points at prices above and below the newest one", () => {
    expect(climb(crosshairAt(150, { price: 200 }), 1, 2)).toBe(158);
    expect(climb(crosshairAt(150, { price: 200 }), -1, 2)).toBe(142);
  });

  test("stays at the foot and at the top, however often it is moved further", () => {
    expect(climb(crosshairAt(150, { price: 200 }), -1, 30)).toBe(100);
    expect(climb(crosshairAt(150, { price: 200 }), 1, 30)).toBe(200);
  });

  test("begins at the edge that is nearest where prices have moved away", () => {
    const top = { price: 200 };
    const crosshair = crosshairAt(150, top);
    climb(crosshair, -1, 30);
    top.price = 300; // it points at 100, and the least is 200
    expect(climb(crosshair, -1, 1)).toBe(200);
  });
});
