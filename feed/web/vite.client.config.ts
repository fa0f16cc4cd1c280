import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The client alone as one module, `/client.js`, for pages that import it from the server. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: path("dist"),
    emptyOutDir: false, // the dashboard is there already
    target: "es2022",
    lib: { entry: path("src/client/index.ts"), formats: ["es"], fileName: () => "client.js" },
  },
});
