/**
 * Answers in web-standard form. Header objects stay plain and small bodies whole, because servers send those without
 * making a stream of them; large bodies are streams with backpressure.
 */
import { ensuring } from "@isocenter/archive/dicomweb";

export type Headers = Record<string, string>;

/** What a browser that is pointed at an answer must not do with it: guess its type, or run it. */
export const guards: Readonly<Headers> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
  "referrer-policy": "no-referrer",
};

export function answer(
  body: string | Uint8Array | ReadableStream<Uint8Array> | null,
  headers: Headers = {},
  status = 200,
): Response {
  return new Response(body as BodyInit | null, { status, headers: { ...guards, ...headers } });
}

/** Reads ahead up to `limit` bytes: whole bodies for what is small, and errors while a status can still be chosen. */
export async function headOf(
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ readonly whole?: Uint8Array; readonly rest?: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= limit) {
    const next = await iterator.next();
    if (next.done === true) return { whole: joined(chunks, length) };
    chunks.push(next.value);
    length += next.value.byteLength;
  }
  return { rest: ensuring(resumed(chunks, iterator), async () => iterator.return?.()) };
}

async function* resumed(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return;
    yield next.value;
  }
}

export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
