/**
 * The pages that browsers load, built the same byte for byte on every machine; every script and style sheet is named with its hash.
 *
 * Each page is built by itself, into one script: what a script imports has no hash in the page, so no script imports another.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, defineConfig, type Plugin, type UserConfig } from "vite";

/** Pages, and how they name what they load: beside them, for those that anybody may host in a folder; else from the site's root. */
const PAGES = [
  ["index.html", "/"],
  ["check.html", "./"],
  ["record.html", "/"],
  ["accessibility.html", "./"],
] as const;

type Page = (typeof PAGES)[number];

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
function integrity([page]: Page): Plugin {
  let folder = "";
  return {
    name: "psephos-integrity",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      const path = resolve(folder, page);
      const written = readFileSync(path, "utf-8").replace("PSEPHOS-WORKER", () => hashOf(workerIn(resolve(folder, "assets"))));
      const content = written.replace(
        /<(script|link rel="stylesheet")([^>]*?(?:src|href)="\.?(\/assets\/[^"]+)"[^>]*)>/g,
        (_, tag, rest, file) => `<${tag}${rest} integrity="${hashOf(resolve(folder, `.${file}`))}">`,
      );
      writeFileSync(path, content);
    },
  };
}

/** Builds the other pages after the first one. */
function others(): Plugin {
  let folder = "";
  return {
    name: "psephos-others",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      for (const page of PAGES.slice(1)) await build({ ...configOf(page, folder), configFile: false });
    },
  };
}

function configOf(page: Page, beside?: string): UserConfig {
  const [name, base] = page;
  return {
    appType: "mpa",
    base,
    build: {
      target: ["es2022", "chrome94", "firefox93", "safari15.4"],
      outDir: beside ?? "dist",
      emptyOutDir: beside === undefined,
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: { input: name, output: { assetFileNames: "assets/page-[hash][extname]" } },
      reportCompressedSize: false,
    },
    css: { preprocessorOptions: { scss: { quietDeps: true } } },
    plugins: [integrity(page), ...(beside === undefined ? [others()] : [])],
    worker: { format: "es" },
  };
}

export default defineConfig(configOf(PAGES[0]));
