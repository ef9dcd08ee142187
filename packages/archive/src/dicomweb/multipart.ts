/**
 * Multipart bodies (RFC 2046 5.1, PS3.18 8.6.1.2), read and written as streams: a part's bytes go on as they come, and
 * no more is held than a delimiter may be long.
 *
 * Written against hostile bodies: headers and preamble have a limit, a delimiter may be cut at any byte, bytes that
 * begin like a delimiter and are none belong to the part, and a body without its closing delimiter is an error, because
 * what is missing might have been an instance.
 */
import { DicomwebError } from "./errors.ts";
import { parseMediaType } from "./media-type.ts";

export interface Part {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** May be read once; what is left of it when the next part is asked for is passed over. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface MultipartLimits {
  /** Bytes of one part's headers. Default 16 KiB: real ones have a few hundred. */
  readonly headerBytes?: number;
  /** Bytes before the first delimiter. Default 64 KiB. */
  readonly preambleBytes?: number;
}

const CR = 13;
const LF = 10;
const DASH = 45;
const empty = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** RFC 2046 5.1.1 has up to 70 characters; Orthanc sends 73. */
const boundaryPattern = /^[\x20-\x7e]{1,200}$/;
/** White space that may follow a delimiter (RFC 2046 5.1.1, transport padding). */
const maximumPadding = 128;

/** The boundary of a multipart Content-Type. @throws DicomwebError `multipart-invalid`, `media-type-invalid` */
export function boundaryOf(contentType: string): string {
  const { type, parameters } = parseMediaType(contentType);
  const boundary = parameters.get("boundary");
  if (!type.startsWith("multipart/") || boundary === undefined || !boundaryPattern.test(boundary)) {
    throw invalid("it has no boundary");
  }
  return boundary;
}

/** @throws DicomwebError `multipart-invalid`, `multipart-truncated`, `multipart-limit`; what the source throws */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits = {},
): AsyncGenerator<Part> {
  const reader = new Reader(source, boundary);
  try {
    await reader.skipPreamble(limits.preambleBytes ?? 64 * 1024);
    while (await reader.nextPart()) {
      const headers = await reader.headers(limits.headerBytes ?? 16 * 1024);
      yield { headers, body: reader.body() };
      for await (const _ of reader.body());
    }
  } finally {
    await reader.close();
  }
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  /** CRLF, two dashes and the boundary. */
  readonly #delimiter: Uint8Array;
  #bytes: Uint8Array = empty;
  #isEnded = false;
  /** The next bytes are those after a delimiter. */
  #isAtDelimiter = false;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = encoder.encode(`\r\n--${boundary}`);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async skipPreamble(limit: number): Promise<void> {
    // The first delimiter may stand at the very beginning, without a line break before it.
    this.#bytes = Uint8Array.of(CR, LF);
    let skipped = 0;
    for await (const chunk of this.body()) {
      skipped += chunk.byteLength;
      if (skipped > limit) throw limitPassed("its preamble");
    }
  }

  /** @returns false after the closing delimiter */
  async nextPart(): Promise<boolean> {
    this.#isAtDelimiter = false;
    while (this.#bytes.byteLength < 2) await this.#need();
    if (this.#bytes[0] === DASH && this.#bytes[1] === DASH) return false;
    const end = await this.#endOfPadding(0);
    if (end === undefined) throw invalid("a delimiter is followed by something else");
    this.#bytes = this.#bytes.subarray(end);
    return true;
  }

  async headers(limit: number): Promise<Map<string, string>> {
    const headers = new Map<string, string>();
    let left = limit;
    for (;;) {
      const end = await this.#lineEnd(left);
      const line = decoder.decode(this.#bytes.subarray(0, end));
      this.#bytes = this.#bytes.subarray(end + 2);
      left -= end + 2;
      if (line === "") return headers;
      const colon = line.indexOf(":");
      if (colon < 1) throw invalid("a part has a header without a colon");
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
  }

  /** Up to the next delimiter. */
  async *body(): AsyncGenerator<Uint8Array> {
    const { byteLength } = this.#delimiter;
    let from = 0;
    while (!this.#isAtDelimiter) {
      const at = this.#bytes.indexOf(CR, from);
      if (at < 0) {
        if (this.#bytes.byteLength > 0) yield this.#take(this.#bytes.byteLength);
        from = 0;
        await this.#need();
        continue;
      }
      if (this.#bytes.byteLength < at + byteLength + 2) {
        if (!this.#mayBegin(at)) {
          from = at + 1;
          continue;
        }
        // What stands before a delimiter that is cut here can go already.
        if (at > 0) yield this.#take(at);
        from = 0;
        await this.#need();
        continue;
      }
      if (this.#mayBegin(at) && (await this.#endsDelimiter(at + byteLength))) {
        if (at > 0) yield this.#take(at);
        this.#bytes = this.#bytes.subarray(byteLength);
        this.#isAtDelimiter = true;
        return;
      }
      from = at + 1;
    }
  }

  #take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Whether a delimiter begins at `at`, as far as its bytes are there. */
  #mayBegin(at: number): boolean {
    const end = Math.min(this.#delimiter.byteLength, this.#bytes.byteLength - at);
    for (let index = 0; index < end; index++) {
      if (this.#bytes[at + index] !== this.#delimiter[index]) return false;
    }
    return true;
  }

  /** A boundary that only begins like ours (`--abc` in `--abcdef`) does not end the part. */
  async #endsDelimiter(at: number): Promise<boolean> {
    if (this.#bytes[at] === DASH && this.#bytes[at + 1] === DASH) return true;
    return (await this.#endOfPadding(at)) !== undefined;
  }

  /** Where the line break after a delimiter's padding ends; undefined when anything else stands there. */
  async #endOfPadding(from: number): Promise<number | undefined> {
    for (let at = from; at < from + maximumPadding; at++) {
      while (this.#bytes.byteLength < at + 2) await this.#need();
      const byte = this.#bytes[at];
      if (byte === CR && this.#bytes[at + 1] === LF) return at + 2;
      if (byte !== 0x20 && byte !== 0x09) return undefined;
    }
    return undefined;
  }

  async #lineEnd(limit: number): Promise<number> {
    for (let from = 0; ; ) {
      const at = this.#bytes.indexOf(CR, from);
      if (at > limit || (at < 0 && this.#bytes.byteLength > limit)) throw limitPassed("a part's headers");
      if (at >= 0 && at + 1 < this.#bytes.byteLength) {
        if (this.#bytes[at + 1] === LF) return at;
        throw invalid("a part's header holds a carriage return");
      }
      from = at < 0 ? this.#bytes.byteLength : at;
      await this.#need();
    }
  }

  /** Waits for more bytes. @throws DicomwebError `multipart-truncated` when there are none */
  async #need(): Promise<void> {
    const { done, value } = this.#isEnded ? { done: true, value: undefined } : await this.#source.next();
    if (done === true || value === undefined) {
      this.#isEnded = true;
      throw new DicomwebError("multipart-truncated", "The multipart body ends before its closing delimiter.");
    }
    if (this.#bytes.byteLength === 0) this.#bytes = value;
    else if (value.byteLength > 0) {
      const both = new Uint8Array(this.#bytes.byteLength + value.byteLength);
      both.set(this.#bytes);
      both.set(value, this.#bytes.byteLength);
      this.#bytes = both;
    }
  }
}

/** A boundary that no file holds by chance. */
export function newBoundary(): string {
  return `isocenter-${crypto.randomUUID()}`;
}

/**
 * A delimiter and a part's headers. Values are ours, or come from files; line breaks in them must not make new headers.
 * @param isFirst of the body, which has no line break before its delimiter
 */
export function partHead(
  boundary: string,
  headers: Readonly<Record<string, string>>,
  isFirst: boolean,
): Uint8Array {
  let text = `${isFirst ? "" : "\r\n"}--${boundary}\r\n`;
  for (const name in headers) text += `${name}: ${headerText(headers[name] ?? "")}\r\n`;
  return encoder.encode(`${text}\r\n`);
}

/** The closing delimiter. */
export function multipartEnd(boundary: string): Uint8Array {
  return encoder.encode(`\r\n--${boundary}--\r\n`);
}

/** A header's value without what would end it. */
export function headerText(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.replace(/[^\x20-\x7e]/g, "");
}

function limitPassed(what: string): DicomwebError {
  return new DicomwebError("multipart-limit", `The multipart body is refused: ${what} passes the limit.`);
}

function invalid(why: string): DicomwebError {
  return new DicomwebError("multipart-invalid", `The multipart body cannot be read: ${why}.`);
}
