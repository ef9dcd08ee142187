/**
 * Instances that the gateway has in memory: those that were used last, up to a limit over all peers. What does not fit is
 * fetched again when it is asked for.
 */
import type { InstanceKey, InstanceStream } from "@isocenter/archive";
import { fileHeadOf, HeldObject } from "@isocenter/archive/dicomweb";

export class Shelf {
  readonly #maximumBytes: number;
  readonly #objects = new Map<string, HeldObject>();
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** One instance may take a quarter of the room. */
  get largest(): number {
    return this.#maximumBytes / 4;
  }

  get(peer: string, sopInstanceUid: string): HeldObject | undefined {
    const name = nameOf(peer, sopInstanceUid);
    const object = this.#objects.get(name);
    if (object === undefined) return undefined;
    this.#objects.delete(name);
    this.#objects.set(name, object);
    return object;
  }

  put(peer: string, object: HeldObject): void {
    const name = nameOf(peer, object.sopInstanceUid);
    this.#bytes += object.size - (this.#objects.get(name)?.size ?? 0);
    this.#objects.delete(name);
    this.#objects.set(name, object);
    for (const [oldest, { size }] of this.#objects) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.#objects.delete(oldest);
      this.#bytes -= size;
    }
  }
}

const nameOf = (peer: string, sopInstanceUid: string): string => `${peer} ${sopInstanceUid}`;

/**
 * Reads an instance into memory as the file that it would be.
 * @returns whether it is whole: of one that is too large, only the beginning is kept
 */
export async function held(
  instance: InstanceStream,
  key: InstanceKey,
  maximumBytes: number,
): Promise<{ readonly object: HeldObject; readonly isWhole: boolean }> {
  const head = fileHeadOf(instance);
  const chunks: Uint8Array[] = [head];
  let size = head.byteLength;
  let isWhole = true;
  for await (const chunk of instance.dataSet()) {
    if (size + chunk.byteLength > maximumBytes && size > headerBytes) {
      // Read to its end all the same: the others come after it on the same association.
      isWhole = false;
      continue;
    }
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const bytes = Buffer.concat(chunks, size);
  const object = new HeldObject(
    key,
    instance.sopClassUid,
    instance.transferSyntaxUid,
    head.byteLength,
    bytes,
  );
  return { object, isWhole };
}

/** Attributes before the pixels are in there as a rule. */
const headerBytes = 1 << 20;
