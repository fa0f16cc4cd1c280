import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** A running server, for `npm run dev`. */
const SERVER = process.env["FEED_URL"] ?? "http://127.0.0.1:8080";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const BUILD_DIGITS = 12;

/** Name the build in the page, by what it is made of; a server tells it, so that older pages know. */
const named: Plugin = {
  name: "feed-build",
  transformIndexHtml: {
    order: "post",
    handler(html, { bundle }) {
      if (bundle === undefined) {
        return []; // npm run dev
      }
      const made = [html, ...Object.keys(bundle).sort()].join("\n");
      const content = createHash("sha256").update(made).digest("hex").slice(0, BUILD_DIGITS);
      return [{ tag: "meta", attrs: { name: "feed-build", content }, injectTo: "head" }];
    },
  },
};

export default defineConfig({
  plugins: [named],
  root: path("src/dashboard"),
  base: "./", // a proxy may give the server a prefix
  build: {
    outDir: path("dist"),
    emptyOutDir: true,
    target: "es2022",
    // Everything is a file with a hash in its name: the page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/metrics"].map((prefix) => [
        prefix,
        { target: SERVER, ws: true, changeOrigin: true },
      ]),
    ),
  },
});
