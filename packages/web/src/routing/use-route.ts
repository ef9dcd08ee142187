/** The current address, and how to go to another. */
import { useMemo, useSyncExternalStore } from "react";
import { parseRoute, type QueryInit, type Route, routeHash } from "./route.ts";

const changed = "isocenter:route";

function subscribe(onChange: () => void): () => void {
  for (const event of ["hashchange", "popstate", changed]) addEventListener(event, onChange);
  return () => {
    for (const event of ["hashchange", "popstate", changed]) removeEventListener(event, onChange);
  };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

export interface Navigation {
  /** In place of the current entry: for settings, which are no steps back. */
  readonly replace?: boolean;
  /** Kept with the entry, out of the address. */
  readonly state?: unknown;
}

export function navigate(
  path: readonly string[],
  query: QueryInit | URLSearchParams = {},
  { replace = false, state = null }: Navigation = {},
): void {
  const hash = routeHash(path, query);
  if (replace) history.replaceState(state, "", hash);
  else history.pushState(state, "", hash);
  dispatchEvent(new Event(changed));
}

/** What was kept with the current entry. */
export function routeState<T>(key: string): T | undefined {
  const state: unknown = history.state;
  if (typeof state !== "object" || state === null || !(key in state)) return undefined;
  return (state as Record<string, unknown>)[key] as T;
}
