/** Streaming inflate for Deflated Explicit VR Little Endian (PS3.5 A.5), with ceilings against bombs. */
import { Inflate } from "fflate";
import { DicomError } from "../errors.ts";

export interface InflateLimits {
  /** Most bytes a data set may inflate to. Default 4 GiB. */
  readonly maximumBytes?: number;
  /** Most inflated bytes for one deflated byte, once 1 MiB came out. Default 1000; images rarely pass 100. */
  readonly maximumRatio?: number;
}

const ratioApplies = 1 << 20;
/** Deflated bytes given at a time, which bounds how much one step can produce to about 16 MiB. */
const step = 16 * 1024;

export class Inflater {
  readonly #maximumBytes: number;
  readonly #maximumRatio: number;
  readonly #inflate = new Inflate();
  #out: Uint8Array[] = [];
  #taken = 0;
  #given = 0;

  constructor({ maximumBytes = 2 ** 32, maximumRatio = 1000 }: InflateLimits) {
    this.#maximumBytes = maximumBytes;
    this.#maximumRatio = maximumRatio;
    this.#inflate.ondata = (chunk) => {
      this.#given += chunk.byteLength;
      this.#out.push(chunk);
    };
  }

  /** @throws DicomError `inflate-limit`, `inflate-failed` */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < chunk.byteLength; at += step) {
      const part = chunk.subarray(at, at + step);
      this.#taken += part.byteLength;
      yield* this.#step(part, false);
    }
  }

  *end(): Generator<Uint8Array> {
    yield* this.#step(new Uint8Array(0), true);
  }

  *#step(part: Uint8Array, final: boolean): Generator<Uint8Array> {
    try {
      this.#inflate.push(part, final);
    } catch (cause) {
      throw new DicomError("inflate-failed", "The deflated data set is damaged.", {
        offset: this.#taken,
        cause,
      });
    }
    if (
      this.#given > this.#maximumBytes ||
      (this.#given > ratioApplies && this.#given > this.#taken * this.#maximumRatio)
    ) {
      throw new DicomError("inflate-limit", "The deflated data set grows beyond its limit.", {
        offset: this.#taken,
      });
    }
    const out = this.#out;
    this.#out = [];
    yield* out;
  }
}

/** Part of what deflated bytes hold: inflated from the start once more, because deflate has no other way in. */
export async function* inflatedRange(
  deflated: AsyncIterable<Uint8Array>,
  limits: InflateLimits,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const inflater = new Inflater(limits);
  let at = 0;
  const end = offset + length;
  for await (const chunk of deflated) {
    for (const inflated of inflater.push(chunk)) {
      const from = Math.max(0, offset - at);
      const to = Math.min(inflated.byteLength, end - at);
      if (from < to) yield inflated.subarray(from, to);
      at += inflated.byteLength;
      if (at >= end) return;
    }
  }
}
