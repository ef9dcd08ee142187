/**
 * Addresses inside the page, behind the `#`: `#/view/<study>?layout=2x2`. What stands there never reaches a server or its
 * logs, and any server can serve the page.
 *
 * Addresses hold UIDs and settings, never names or patient IDs: what identifies a person goes into the history's state
 * instead, which stays in this tab.
 */

export interface Route {
  /** Decoded parts of the path: `["view", "1.2.3"]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  return {
    path: path
      .split("/")
      .filter((part) => part !== "")
      .map((part) => decoded(part)),
    query: new URLSearchParams(query),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type QueryInit = Readonly<Record<string, string | undefined>>;

/** @param query without what is undefined or empty */
export function routeHash(path: readonly string[], query: QueryInit | URLSearchParams = {}): string {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const parameters = new URLSearchParams(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""),
  );
  // Commas, slashes and colons are allowed there, and readable.
  const text = parameters
    .toString()
    .replaceAll("%2C", ",")
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":")
    .replaceAll("%3B", ";");
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}
