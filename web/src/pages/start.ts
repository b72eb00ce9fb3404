/** What every page needs at its start. */

import workerAddress from "../worker.ts?worker&url";

export { firstLanguage } from "./start_language.ts";

/** Somebody has changed a part of the page. */
export class Altered extends Error {}

/**
 * The worker in which votes are encrypted, or null where the browser lacks something it needs: then there is no other way here.
 *
 * Its script is fetched with the hash that the page names, and run from those very bytes: what was checked is what runs.
 */
export async function startWorker(): Promise<Worker | null> {
  if (typeof BigInt !== "function" || !globalThis.crypto?.subtle || typeof Worker !== "function" || !isSecureContext) return null;
  const integrity = document.querySelector<HTMLMetaElement>("meta[name=psephos-worker]")?.content ?? "";
  if (!integrity && import.meta.env.PROD) return null;
  const answer = await fetch(workerAddress, { cache: "no-store", credentials: "omit", mode: "same-origin" });
  if (!answer.ok) throw new TypeError("the worker's script is not there");
  const script = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", script));
  if (integrity && integrity !== `sha384-${btoa(String.fromCharCode(...digest))}`) throw new Altered("the worker's script is another one");
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    return new Worker(trusted(address), { type: "module" });
  } finally {
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

type Policy = { createScriptURL(address: string): unknown };
type WithPolicies = { trustedTypes?: { createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): Policy } };

/** The one script address that the page may start itself, for browsers that ask for trusted types. */
function trusted(address: string): string {
  const policy = (globalThis as WithPolicies).trustedTypes?.createPolicy("psephos", {
    createScriptURL: (given) => {
      if (given !== address) throw new TypeError("not the worker of this page");
      return given;
    },
  });
  return policy ? (policy.createScriptURL(address) as string) : address;
}
