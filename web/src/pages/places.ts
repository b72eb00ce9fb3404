/** Where pages are: beside each other under names of their own, or in a folder of files that somebody else hosts. */

/** The address of another page, seen from this one. */
export function pageAddress(name: string): string {
  return location.pathname.endsWith(".html") ? `${name}.html` : `/${name}`;
}

/** What a fragment says, which is gone from the address before anything is asked for (CL-07). */
export function takeFragment(): string {
  const written = location.hash.slice(1);
  if (location.hash) history.replaceState(null, "", location.pathname);
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
