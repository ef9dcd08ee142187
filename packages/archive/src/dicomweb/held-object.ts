/**
 * An instance of a source that has no random access, held in memory as the file it would be: faces then read it as any
 * other {@link InstanceObject}.
 */
import { ArchiveError } from "../errors.ts";
import type { ByteRange, CallOptions, ImageSource, InstanceKey, InstanceObject } from "../image-source.ts";
import { DicomwebError } from "./errors.ts";
import { frameRangesOf } from "./frame-ranges.ts";
import { fileHeadOf } from "./part10-instance.ts";

/** A CT slice has half a megabyte, a tomosynthesis some hundred; more than this is not held. */
const defaultMaximumBytes = 1 << 30;

/**
 * Retrieves one instance and keeps it.
 * @throws ArchiveError `instance-unknown`; DicomwebError `instance-too-large`; what the source throws
 */
export async function holdInstance(
  source: ImageSource,
  key: InstanceKey,
  options: CallOptions & { maximumBytes?: number } = {},
): Promise<HeldObject> {
  const { maximumBytes = defaultMaximumBytes, ...callOptions } = options;
  for await (const instance of source.retrieve(key, callOptions)) {
    if (instance.sopInstanceUid !== key.sopInstanceUid) continue;
    const head = fileHeadOf(instance);
    const chunks: Uint8Array[] = [head];
    let size = head.byteLength;
    const tooLarge = (): DicomwebError =>
      new DicomwebError(
        "instance-too-large",
        "The instance is too large to be held here; retrieve it whole instead.",
      );
    if ((instance.size ?? 0) > maximumBytes) throw tooLarge();
    for await (const chunk of instance.dataSet()) {
      size += chunk.byteLength;
      if (size > maximumBytes) throw tooLarge();
      chunks.push(chunk);
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    const { sopClassUid, transferSyntaxUid } = instance;
    return new HeldObject(key, sopClassUid, transferSyntaxUid, head.byteLength, bytes);
  }
  throw new ArchiveError("instance-unknown", "There is no such instance.");
}

export class HeldObject implements InstanceObject {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSetOffset: number;
  readonly size: number;
  readonly version: string;
  readonly #bytes: Uint8Array;
  #frames: Promise<readonly (readonly ByteRange[])[] | undefined> | undefined;

  constructor(
    key: InstanceKey,
    sopClassUid: string,
    transferSyntaxUid: string,
    dataSetOffset: number,
    bytes: Uint8Array,
  ) {
    this.studyInstanceUid = key.studyInstanceUid;
    this.seriesInstanceUid = key.seriesInstanceUid;
    this.sopInstanceUid = key.sopInstanceUid;
    this.sopClassUid = sopClassUid;
    this.transferSyntaxUid = transferSyntaxUid;
    this.dataSetOffset = dataSetOffset;
    this.#bytes = bytes;
    this.size = bytes.byteLength;
    // An instance's UID stands for its content (PS3.5 9); size and syntax tell apart what broke that rule.
    this.version = `${key.sopInstanceUid}-${bytes.byteLength}-${transferSyntaxUid}`;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes.subarray(offset, offset + length));
  }

  async *stream(range: ByteRange = { offset: 0, length: this.size }): AsyncGenerator<Uint8Array> {
    const end = Math.min(this.size, range.offset + range.length);
    const step = 1 << 18;
    for (let at = range.offset; at < end; at += step)
      yield this.#bytes.subarray(at, Math.min(end, at + step));
  }

  frames(): Promise<readonly (readonly ByteRange[])[] | undefined> {
    this.#frames ??= frameRangesOf(this);
    return this.#frames;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
