/** The pages that browsers load, built the same byte for byte on every machine; every script and style sheet is named with its hash. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const PAGES = ["index.html"];

function hashOf(path: string): string {
  return `sha384-${createHash("sha384").update(readFileSync(path)).digest("base64")}`;
}

function workerIn(folder: string): string {
  return resolve(
    folder,
    readdirSync(folder).find((name) => name.startsWith("worker-"))!,
  );
}

/** Adds `integrity` to everything that a page loads. */
function integrity(): Plugin {
  let folder = "";
  return {
    name: "psephos-integrity",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const page of PAGES) {
        const path = resolve(folder, page);
        const written = readFileSync(path, "utf-8").replace("PSEPHOS-WORKER", () => hashOf(workerIn(resolve(folder, "assets"))));
        const content = written.replace(
          /<(script|link rel="stylesheet")([^>]*?(?:src|href)="(\/assets\/[^"]+)"[^>]*)>/g,
          (_, tag, rest, file) => {
            return `<${tag}${rest} integrity="${hashOf(resolve(folder, `.${file}`))}">`;
          },
        );
        writeFileSync(path, content);
      }
    },
  };
}

export default defineConfig({
  appType: "mpa",
  build: {
    target: ["es2022", "chrome94", "firefox93", "safari15.4"],
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: { input: PAGES },
    reportCompressedSize: false,
  },
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  plugins: [integrity()],
  worker: { format: "es" },
});
