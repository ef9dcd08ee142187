/** Answers that go on: newline-delimited JSON, and server-sent events. Both stop their source when the client goes away. */
import { problemOf } from "./problem.ts";

/**
 * One JSON value a line. The first is waited for, so that what fails before anything happened is a problem with its own
 * status; what fails later is a last line `{"problem": …}`.
 * @param make its signal is aborted when the client goes away
 */
export async function ndjson(
  make: (signal: AbortSignal) => AsyncGenerator<object>,
  client: AbortSignal,
): Promise<Response> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Error("the client went away"));
  if (client.aborted) stop();
  client.addEventListener("abort", stop, { once: true });
  const lines = make(controller.signal);
  let pending: IteratorResult<object> | undefined = await lines.next();
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      try {
        const next = pending ?? (await lines.next());
        pending = undefined;
        if (next.done !== true) return stream.enqueue(lineOf(next.value));
      } catch (error) {
        stream.enqueue(lineOf({ problem: problemOf(error) }));
      }
      client.removeEventListener("abort", stop);
      stream.close();
    },
    async cancel() {
      stop();
      await lines.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson", ...unbuffered } });
}

export interface ServerSentEvent {
  readonly id: number | string;
  readonly event: string;
  readonly data: object;
}

/** Comments keep proxies from closing a quiet stream. */
const keepAliveMs = 15_000;

/**
 * Server-sent events (WHATWG HTML 9.2).
 * @param follow gives events until its signal is aborted, which happens when the client goes away or `ends` is aborted
 */
export function sse(
  follow: (signal: AbortSignal) => AsyncGenerator<ServerSentEvent>,
  ends: AbortSignal,
  onError?: (error: unknown) => void,
): Response {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Error("nobody listens any more"));
  if (ends.aborted) stop();
  ends.addEventListener("abort", stop, { once: true });
  const events = follow(controller.signal);
  let timer: ReturnType<typeof setInterval> | undefined;
  const finish = (): void => {
    clearInterval(timer);
    ends.removeEventListener("abort", stop);
    stop();
  };
  const body = new ReadableStream<Uint8Array>({
    start(stream) {
      // Sends the head, and tells a browser how long to wait before it comes back.
      stream.enqueue(encoder.encode("retry: 2000\n\n"));
      timer = setInterval(() => {
        if ((stream.desiredSize ?? 0) > 0) stream.enqueue(encoder.encode(":\n\n"));
      }, keepAliveMs);
      timer.unref();
    },
    async pull(stream) {
      try {
        const next = await events.next();
        if (next.done !== true) {
          const { id, event, data } = next.value;
          return stream.enqueue(
            encoder.encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
          );
        }
      } catch (error) {
        // The client comes back with the last id that it has.
        onError?.(error);
      }
      finish();
      stream.close();
    },
    async cancel() {
      finish();
      await events.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", ...unbuffered } });
}

/** nginx would gather the lines otherwise. */
const unbuffered = { "cache-control": "no-store", "x-accel-buffering": "no" };
const encoder = new TextEncoder();
const lineOf = (value: object): Uint8Array => encoder.encode(`${JSON.stringify(value)}\n`);
