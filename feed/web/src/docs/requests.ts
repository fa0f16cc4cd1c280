/** Requests: Swagger UI, without what loads from elsewhere, and without streams to wait for. */

import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { LAYOUT, laidOut } from "./layout.ts";

/** An answer that does not end would be awaited for ever; `streams` shows what is in it. */
const ENDLESS = "streams";

/** What we use of its state, which is Immutable.js's. */
interface Operation {
  getIn(path: readonly string[]): { includes(tag: string): boolean } | undefined;
}

type Ask = (state: unknown, path: string, method: string) => boolean;

interface System {
  specSelectors: { specJson(): Operation };
}

const onlyFinite = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor:
          (ask: Ask, system: System) => (state: unknown, path: string, method: string) => {
            const tags = system.specSelectors.specJson().getIn(["paths", path, method, "tags"]);
            return !tags?.includes(ENDLESS) && ask(state, path, method);
          },
      },
    },
  },
});

/** Swagger UI is dark by a class, and the rest of the page by what was chosen, or the reader prefers. */
function followScheme(): void {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const { theme } = root.dataset;
    root.classList.toggle("dark-mode", theme === undefined ? dark.matches : theme === "dark");
  };
  dark.addEventListener("change", follow);
  new MutationObserver(follow).observe(root, { attributeFilter: ["data-theme"] });
  follow();
}

/** Show the document at an address. */
export function showRequests(domNode: HTMLElement, url: string): void {
  followScheme();
  SwaggerUI({
    domNode,
    url,
    deepLinking: false, // the address names the view
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    displayRequestDuration: true,
    tryItOutEnabled: false,
    validatorUrl: null, // would tell somebody else which documents are looked at
    plugins: [onlyFinite, laidOut],
    layout: LAYOUT,
  });
}
