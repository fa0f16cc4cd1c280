import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The elements for other pages, `/elements.js`; what only charts need comes when there is one. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: path("dist"),
    emptyOutDir: false, // the dashboard is there already
    target: "es2022",
    lib: { entry: path("src/elements/index.ts"), formats: ["es"], fileName: () => "elements.js" },
    rolldownOptions: { output: { chunkFileNames: "assets/[name]-[hash].js" } },
  },
});
