/** A signal that ends a request after so many milliseconds. Browsers have one of their own, but not all that can vote. */
export function after(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
}
