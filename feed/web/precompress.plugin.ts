import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const TEXTS = /\.(html|js|css|svg)$/;

/** Put `.br` and `.gz` beside every text that was built, so that the server compresses nothing. */
export function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      for (const name of await readdir(folder, { recursive: true })) {
        if (TEXTS.test(name)) {
          await compress(join(folder, name));
        }
      }
    },
  };
}

async function compress(file: string): Promise<void> {
  const plain = await readFile(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(plain, { params: quality }));
  await writeFile(
    `${file}.gz`,
    await promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION }),
  );
}
