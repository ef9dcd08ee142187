/** Who may ask: the name that this server is reached by, the page that asks, and the bearer token. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { isLoopback, type ServerConfig } from "../config/config.ts";
import { HttpProblem } from "./problem.ts";

/**
 * On loopback there is no login, so a page on the internet must not reach us by pointing its own name at 127.0.0.1
 * (DNS rebinding) or by posting a form: the Host must be a loopback name, and a foreign Origin is refused.
 */
export function sameHost(
  config: Pick<ServerConfig, "http">,
  origins: readonly string[] = [],
): MiddlewareHandler {
  return async (c, next) => {
    const { hostname, host } = new URL(c.req.url);
    if (isLoopback(config.http.host) && !isLoopback(hostname.replace(/^\[|\]$/g, ""))) {
      throw new HttpProblem(
        421,
        "host-not-served",
        "Not served under this name",
        "This server does not answer under the name that it was asked by.",
      );
    }
    const origin = c.req.header("origin");
    const isForeign = origin !== undefined && !sameOrigin(origin, host) && !origins.includes(origin);
    if (isForeign && c.req.method !== "GET") {
      throw new HttpProblem(
        403,
        "origin-not-allowed",
        "Another site's page",
        "Requests from pages of other sites are refused.",
      );
    }
    await next();
  };
}

function sameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

export interface BearerOptions {
  readonly token: string | undefined;
  readonly failures: LoginFailures;
  readonly onRefused?: (address: string) => void;
}

export function bearer({ token, failures, onRefused }: BearerOptions): MiddlewareHandler {
  if (token === undefined) return (_, next) => next();
  const expected = digest(`Bearer ${token}`);
  return async (c, next) => {
    const address = addressOf(c);
    const waitMs = failures.waitMs(address);
    if (waitMs > 0) {
      c.header("retry-after", String(Math.ceil(waitMs / 1000)));
      throw new HttpProblem(
        429,
        "too-many-logins",
        "Too many failed logins",
        "There were too many requests with a wrong token from this address.",
        "Wait a minute, and check the token.",
      );
    }
    const given = c.req.header("authorization");
    // Digests of the same length: the time taken tells nothing about the token.
    if (!timingSafeEqual(digest(given ?? ""), expected)) {
      // A request without a token is a browser that asks what it needs; a wrong one is a guess.
      if (given !== undefined) failures.note(address);
      onRefused?.(address);
      throw new HttpProblem(
        401,
        "login-needed",
        "Login needed",
        "This server needs a bearer token.",
        "Send the header Authorization: Bearer followed by the token.",
      );
    }
    await next();
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The client's own address; empty where the runtime does not tell. */
export function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as {
    readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  };
  return incoming?.socket?.remoteAddress ?? "";
}

/** Wrong logins by address: after some in a row it has to wait. */
export class LoginFailures {
  readonly #allowed: number;
  readonly #windowMs: number;
  readonly #byAddress = new Map<string, { count: number; since: number }>();

  constructor(allowed = 10, windowMs = 60_000) {
    this.#allowed = allowed;
    this.#windowMs = windowMs;
  }

  /** Milliseconds until this address may try again; 0 when it may now. */
  waitMs(address: string, now = Date.now()): number {
    const entry = this.#byAddress.get(address);
    if (entry === undefined || entry.count < this.#allowed) return 0;
    return Math.max(0, entry.since + this.#windowMs - now);
  }

  note(address: string, now = Date.now()): void {
    const entry = this.#byAddress.get(address);
    if (entry === undefined || entry.since + this.#windowMs <= now) {
      this.#byAddress.delete(address);
      this.#byAddress.set(address, { count: 1, since: now });
    } else entry.count++;
    // Whoever guesses from ten thousand addresses is not held up by remembering more of them.
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > 10_000 && oldest !== undefined) this.#byAddress.delete(oldest);
  }
}
