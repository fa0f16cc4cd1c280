/**
 * The documents: requests as Swagger UI shows OpenAPI, streams as we show AsyncAPI.
 *
 * Each is made when it is looked at first.
 */

import "../dashboard/styles/base.css";
import "./docs.css";
import { byId } from "../dashboard/ui/dom.ts";
import type { AsyncApi } from "./asyncapi.ts";
import { streamsOf } from "./streams.ts";

const VIEWS = ["requests", "streams"] as const;
type View = (typeof VIEWS)[number];

const SHOW: Record<View, (place: HTMLElement) => Promise<void>> = {
  requests: async (place) => {
    // A part of Swagger UI would take clicks on links within a page, and scroll before it follows.
    Object.assign(globalThis, { noZensmooth: true });
    // Most of what this page weighs.
    const { showRequests } = await import("./requests.ts");
    showRequests(place, "openapi.json");
  },
  streams: async (place) => {
    const answer = await fetch("asyncapi.json");
    if (!answer.ok) {
      throw new Error(`asyncapi.json: ${answer.status} ${answer.statusText}`);
    }
    place.replaceChildren(...streamsOf((await answer.json()) as AsyncApi));
  },
};

const shown = new Set<View>();

/** The view that the address names; one of its parts may stand behind a slash. */
function view(): View {
  const [name] = location.hash.slice(1).split("/");
  return VIEWS.find((known) => known === name) ?? "requests";
}

async function show(): Promise<void> {
  const current = view();
  for (const name of VIEWS) {
    byId(name).hidden = name !== current;
    document
      .querySelector(`nav a[href="#${name}"]`)
      ?.toggleAttribute("aria-current", name === current);
  }
  if (!shown.has(current)) {
    shown.add(current);
    await SHOW[current](byId(current));
  }
  const part = document.getElementById(location.hash.slice(1));
  if (part !== null && location.hash.includes("/")) {
    part.scrollIntoView();
  }
}

function tryToShow(): void {
  const problem = byId("problem");
  show().then(
    () => {
      problem.hidden = true;
    },
    (error: Error) => {
      shown.delete(view());
      problem.textContent = `The document cannot be shown: ${error.message}`;
      problem.hidden = false;
    },
  );
}

addEventListener("hashchange", tryToShow);
tryToShow();
