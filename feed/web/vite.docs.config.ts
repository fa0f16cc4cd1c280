import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The page of the documents, `/docs`, beside the dashboard. */
export default defineConfig({
  root: path("src/docs"),
  base: "./", // a proxy may give the server a prefix
  publicDir: false,
  build: {
    outDir: path("dist"),
    emptyOutDir: false, // the dashboard is there already
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy allows nothing inline
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000, // Swagger UI is one bundle
    rolldownOptions: { input: path("src/docs/docs.html") },
  },
});
