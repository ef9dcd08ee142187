/**
 * Requests to one DICOMweb service: login, time limits, redirects and statuses, so that what comes back is an answer or
 * a typed error. Redirects are followed on the same origin only: a service must not send us, with its credentials or
 * without, into the network behind us.
 */
import { ArchiveError } from "../errors.ts";
import { DicomwebError } from "./errors.ts";
import { chunksOf } from "./web-streams.ts";

export interface WebClientOptions {
  /** The service root, `https://pacs.example.org/dicom-web`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Sent as `Authorization: Basic`. */
  readonly login?: { readonly user: string; readonly password: string };
  /** The longest wait for an answer's head, and between any two of its chunks. Default 30,000. */
  readonly timeoutMs?: number;
  /** Instead of the runtime's own. */
  readonly fetch?: typeof fetch;
}

export interface WebRequestInit {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are answers; all others are errors. Default 200, 204 and 206. */
  readonly accepts?: readonly number[];
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** May be read once, and ends the request when it is not read to its end. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the request without its body. */
  cancel(): Promise<void>;
}

const maximumRedirects = 5;
const defaultAccepted = [200, 204, 206];

export class WebClient {
  readonly #root: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  constructor({ url, token, login, timeoutMs = 30_000, fetch: given = fetch }: WebClientOptions) {
    this.#root = new URL(url.replace(/\/+$/, ""));
    if (this.#root.protocol !== "http:" && this.#root.protocol !== "https:") {
      throw new ArchiveError("not-supported", "A DICOMweb service has an http or https URL.");
    }
    this.#headers = authorization(token, login);
    this.#timeoutMs = timeoutMs;
    this.#fetch = given;
  }

  /** @param path below the service root, percent-encoded, with its query */
  async request(path: string, init: WebRequestInit = {}): Promise<WebAnswer> {
    const { accepts = defaultAccepted, signal } = init;
    signal?.throwIfAborted();
    const patience = new Patience(this.#timeoutMs, signal);
    try {
      const response = await this.#follow(`${this.#root.href}${path}`, init, patience);
      if (accepts.includes(response.status)) return answerOf(response, patience);
      await response.body?.cancel();
      throw statusError(response.status);
    } catch (error) {
      patience.end();
      throw patience.errorFor(error);
    }
  }

  async #follow(url: string, init: WebRequestInit, patience: Patience): Promise<Response> {
    let at = url;
    for (let hop = 0; hop <= maximumRedirects; hop++) {
      patience.begin();
      const response = await this.#fetch(at, {
        method: init.method ?? "GET",
        headers: { ...this.#headers, ...init.headers },
        redirect: "manual",
        signal: patience.signal,
        ...(init.body === undefined ? {} : { body: init.body, duplex: "half" }),
      } as RequestInit);
      patience.rest();
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      const next = URL.canParse(location, at) ? new URL(location, at) : undefined;
      if (next?.origin !== this.#root.origin || init.body !== undefined) {
        throw new DicomwebError("web-redirect-refused", "The DICOMweb service sends us to another host.", {
          status: response.status,
        });
      }
      at = next.href;
    }
    throw new DicomwebError("web-redirect-refused", "The DICOMweb service sends us round in circles.");
  }
}

function authorization(
  token: string | undefined,
  login: WebClientOptions["login"],
): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (login === undefined) return {};
  const bytes = new TextEncoder().encode(`${login.user}:${login.password}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function answerOf(response: Response, patience: Patience): WebAnswer {
  const { status, headers, body } = response;
  const cancel = async (): Promise<void> => {
    patience.end();
    await body?.cancel().catch(() => undefined); // it has ended already
  };
  if (body === null) {
    patience.end();
    return { status, headers, body: noChunks(), cancel };
  }
  return { status, headers, body: patiently(chunksOf(body), patience), cancel };
}

async function* noChunks(): AsyncGenerator<Uint8Array> {}

/** The clock runs while we wait for the service, and not while it waits for us. */
async function* patiently(
  chunks: AsyncGenerator<Uint8Array>,
  patience: Patience,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      patience.begin();
      const next = await chunks.next();
      patience.rest();
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw patience.errorFor(error);
  } finally {
    patience.end();
    await chunks.return(undefined);
  }
}

/** A time limit that is set anew for each wait, together with the caller's own signal. */
class Patience {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #callers: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#callers?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(ms: number, signal: AbortSignal | undefined) {
    this.#ms = ms;
    this.#callers = signal;
    signal?.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.rest();
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort();
    }, this.#ms);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.rest();
    this.#callers?.removeEventListener("abort", this.#onAbort);
  }

  /** What a failed wait means. The caller's own reason goes through as it is. */
  errorFor(error: unknown): unknown {
    if (this.#callers?.aborted === true) return this.#callers.reason;
    if (this.#isOver) {
      return new DicomwebError("web-timeout", `The DICOMweb service did not answer within ${this.#ms} ms.`);
    }
    if (error instanceof DicomwebError || error instanceof ArchiveError) return error;
    return new DicomwebError("web-unreachable", "The DICOMweb service cannot be reached.", { cause: error });
  }
}

function statusError(status: number): DicomwebError {
  if (status === 401 || status === 403) {
    return new DicomwebError("web-login-refused", `The DICOMweb service refused the login (${status}).`, {
      status,
    });
  }
  return new DicomwebError("web-status", `The DICOMweb service answered ${status}.`, { status });
}
