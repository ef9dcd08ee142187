/** The one place that sends requests: problem documents become {@link ApiProblem}, and nothing else is thrown but aborts. */
import { problemFrom, unreachable } from "./problem.ts";

export interface RequestOptions {
  readonly method?: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: BodyInit | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ApiProblem for what is not OK, or the abort of `signal` */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", accept, contentType, body, signal } = options;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(contentType === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  throw problemFrom(response.status, await jsonOrNothing(response));
}

/** An empty body, or one that is no JSON, is a problem without words. */
export async function jsonOrNothing(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined) as Promise<unknown>;
}
