import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** A running server, for `npm run dev`. */
const SERVER = process.env["FEED_URL"] ?? "http://127.0.0.1:8080";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
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
