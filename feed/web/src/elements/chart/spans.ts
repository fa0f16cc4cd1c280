/** Draws the times of which something is told as bands behind the candles: halts, gaps, pauses. */

import type {
  IChartApi,
  IPanePrimitive,
  IPanePrimitivePaneView,
  IPrimitivePaneRenderer,
  Logical,
  Time,
} from "lightweight-charts";
import { placeOf, type Span } from "./slots.ts";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

export interface SpanSkin {
  warn: string;
  muted: string;
  fontFamily: string;
  fontSize: number;
}

/** What there is to draw now. */
export interface SpanScene {
  chart: IChartApi;
  slots: readonly number[];
  spans: readonly Span[];
  candleS: number;
  skin: SpanSkin;
}

const ALPHA: Readonly<Record<Span["kind"], string>> = {
  halt: "2e",
  gap: "24",
  down: "24",
  idle: "14",
};
const LEAST_PX = 2;
const MARGIN_PX = 4;
const LINE_SHARE = 1.5;

export class SpanBands implements IPanePrimitive<Time> {
  readonly #scene: () => SpanScene;
  readonly #views: readonly IPanePrimitivePaneView[];

  constructor(scene: () => SpanScene) {
    this.#scene = scene;
    const renderer: IPrimitivePaneRenderer = { draw: (target) => this.#draw(target) };
    this.#views = [{ zOrder: () => "bottom", renderer: () => renderer }];
  }

  paneViews(): readonly IPanePrimitivePaneView[] {
    return this.#views;
  }

  #draw(target: Target): void {
    const { chart, slots, spans, candleS, skin } = this.#scene();
    if (spans.length === 0 || slots.length === 0) {
      return;
    }
    const scale = chart.timeScale();
    const firstX = scale.logicalToCoordinate(0 as Logical);
    if (firstX === null) {
      return;
    }
    const { barSpacing } = scale.options();
    const xOf = (timeS: number) => firstX + placeOf(timeS, slots, candleS) * barSpacing;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.font = `${skin.fontSize}px ${skin.fontFamily}`;
      context.textBaseline = "top";
      let row = 0;
      for (const span of spans) {
        const from = xOf(span.fromS);
        const to = Math.max(
          span.toS === undefined ? mediaSize.width : xOf(span.toS),
          from + LEAST_PX,
        );
        if (
          to < 0 ||
          from > mediaSize.width ||
          (span.toS ?? Number.POSITIVE_INFINITY) <= (slots[0] as number)
        ) {
          continue;
        }
        const colour = span.kind === "idle" ? skin.muted : skin.warn;
        context.fillStyle = `${colour}${ALPHA[span.kind]}`;
        context.fillRect(from, 0, to - from, mediaSize.height);
        context.fillStyle = colour;
        if (span.kind === "halt" || span.kind === "gap") {
          context.fillRect(from, 0, 1, mediaSize.height);
        }
        const most = mediaSize.width - context.measureText(span.words).width - MARGIN_PX;
        const x = Math.min(Math.max(from, 0) + MARGIN_PX, most);
        context.fillText(span.words, x, MARGIN_PX + row * LINE_SHARE * skin.fontSize);
        row = (row + 1) % 3; // neighbours do not cover each other's words
      }
    });
  }
}
