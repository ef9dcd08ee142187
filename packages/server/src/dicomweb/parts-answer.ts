/**
 * An answer of a few pieces of memory: what stands before a frame, the frame, what stands after. Where the server can
 * write pieces, they go to the socket together without having been copied into one; elsewhere they are joined.
 */
import { answer, type Headers, joined } from "./answer.ts";

export class PartsAnswer {
  readonly headers: Headers;
  readonly parts: readonly Uint8Array[];
  readonly length: number;

  constructor(parts: readonly Uint8Array[], headers: Headers) {
    this.parts = parts;
    this.headers = headers;
    this.length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  }

  toResponse(): Response {
    return answer(joined(this.parts, this.length), this.headers);
  }
}
