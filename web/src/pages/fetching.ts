/** Files of the page's own site, asked for without saying who asks. */

import { after } from "../waiting.ts";

const TIMEOUT = 60_000;

/** There is no such file, or it is nothing that can be used. */
export class Missing extends Error {}

/** No answer came. */
export class Unreachable extends Error {}

/** The answer. Throws Missing, Unreachable. */
export async function answerTo(address: string, signal: AbortSignal = after(TIMEOUT)): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, {
      cache: "no-store",
      credentials: "omit",
      mode: "same-origin",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal,
    });
  } catch {
    throw new Unreachable();
  }
  if (answer.status === 404) throw new Missing();
  if (!answer.ok) throw new Unreachable();
  return answer;
}

/** Its text. Throws Missing, Unreachable. */
export async function textAt(address: string): Promise<string> {
  return new TextDecoder().decode(await bytesAt(address));
}

/** Its bytes. Throws Missing, Unreachable. */
export async function bytesAt(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await answerTo(address);
  try {
    return new Uint8Array(await answer.arrayBuffer());
  } catch {
    throw new Unreachable();
  }
}

/** Its bytes piece by piece; between them the page may draw. Throws Missing, Unreachable. */
export async function piecesAt(address: string, take: (piece: Uint8Array) => void): Promise<void> {
  const answer = await answerTo(address, new AbortController().signal); // however long it takes, as long as something comes
  const reader = answer.body!.getReader();
  let drawn = performance.now();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Unreachable();
    });
    if (done) return;
    for (let at = 0; at < value.length; at += 2 ** 18) {
      take(value.subarray(at, at + 2 ** 18));
      if (performance.now() - drawn < 30) continue;
      await others();
      drawn = performance.now();
    }
  }
}

/** Lets the page draw and listen; unlike a timer it does not wait longer in a tab that is not looked at. */
function others(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
