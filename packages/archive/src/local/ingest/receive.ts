/** One pass over an instance's bytes: spooled as received while its header is parsed. */
import { DataSetParser, encodeFileMeta, type Vr, isVr, transferSyntaxInfo } from "@isocenter/dicom";
import type { InstanceStream } from "../../image-source.ts";
import { describe, type InstanceRows, type PixelElement, uidsOf } from "../index/describe.ts";
import { Spool } from "../objects/spool.ts";
import type { SlotFolder } from "../objects/slots.ts";

/** Values longer than this are not needed for the index and are left in the file. */
export const headerValueLimit = 64 * 1024;
export const pixelData = 0x7fe00010;

export interface Received {
  readonly rows: InstanceRows;
  readonly spool: Spool;
  readonly dataSetOffset: number;
  /** Where the pixel data element begins in the file; 0 without one. */
  readonly pixelOffset: number;
}

/** @throws DicomError, ArchiveError `instance-not-identifiable`, and what the stream throws; nothing is left behind then */
export async function receive(
  instance: InstanceStream,
  slots: SlotFolder,
  memoryLimit: number,
  signal: AbortSignal | undefined,
): Promise<Received> {
  const head = encodeFileMeta({
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    transferSyntaxUid: instance.transferSyntaxUid,
    ...(instance.sourceAeTitle === undefined ? {} : { sourceAeTitle: instance.sourceAeTitle }),
  });
  const spool = new Spool(slots, memoryLimit, head);
  const header = new HeaderReader(instance.transferSyntaxUid);
  try {
    for await (const chunk of instance.dataSet()) {
      signal?.throwIfAborted();
      header.push(chunk);
      const due = spool.add(chunk);
      if (due !== undefined) await due;
    }
    const rows = header.end();
    const { pixelStart } = header;
    const dataSetOffset = head.byteLength;
    return { rows, spool, dataSetOffset, pixelOffset: pixelStart === 0 ? 0 : dataSetOffset + pixelStart };
  } catch (error) {
    spool.discard();
    throw error;
  }
}

/** Reads a data set up to its pixels, and describes it as soon as that is there: while the rest is still arriving. */
export class HeaderReader {
  readonly #parser: DataSetParser;
  readonly #transferSyntaxUid: string;
  #pushed = 0;
  #pixelHeader: Uint8Array | undefined;
  #rows: InstanceRows | undefined;
  /** Where the pixel data element begins in the data set; 0 while it was not seen. */
  pixelStart = 0;

  constructor(transferSyntaxUid: string) {
    this.#transferSyntaxUid = transferSyntaxUid;
    this.#parser = new DataSetParser(transferSyntaxUid, {
      until: pixelData,
      bulkThreshold: headerValueLimit,
    });
  }

  /** All that is wanted was read. */
  get done(): boolean {
    return this.#rows !== undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.#rows !== undefined) return;
    if (this.#parser.done) {
      this.#pixels(joined(this.#pixelHeader ?? new Uint8Array(0), chunk));
      return;
    }
    this.#parser.push(chunk);
    this.#pushed += chunk.byteLength;
    if (!this.#parser.done) return;
    const { rest } = this.#parser;
    // In a deflated data set nothing can be told about where things are.
    if (transferSyntaxInfo(this.#transferSyntaxUid)?.deflated !== true)
      this.pixelStart = this.#pushed - rest.byteLength;
    this.#pixels(rest.slice(0, 12));
  }

  /** @throws DicomError `truncated`; ArchiveError `instance-not-identifiable` */
  end(): InstanceRows {
    if (this.#rows === undefined) {
      if (!this.#parser.done) this.#parser.end();
      this.#describe(undefined);
    }
    return this.#rows as InstanceRows;
  }

  #pixels(header: Uint8Array): void {
    this.#pixelHeader = header;
    if (header.byteLength < 8) return;
    // Beyond the pixels there may be padding or a signature, and then there are no pixels.
    const tag = tagAt(header, transferSyntaxInfo(this.#transferSyntaxUid)?.littleEndian ?? true);
    if (tag !== pixelData) this.pixelStart = 0;
    this.#describe(tag === pixelData ? { tag, vr: vrAt(header) } : undefined);
  }

  #describe(pixels: PixelElement | undefined): void {
    const { dataSet } = this.#parser;
    this.#rows = describe(dataSet, uidsOf(dataSet), pixels);
  }
}

function tagAt(header: Uint8Array, littleEndian: boolean): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return view.getUint16(0, littleEndian) * 0x10000 + view.getUint16(2, littleEndian);
}

/** Implicit VR has none: PS3.5 A.1 says OW. */
function vrAt(header: Uint8Array): Vr {
  const code = String.fromCharCode(header[4] ?? 0, header[5] ?? 0);
  return isVr(code) ? code : "OW";
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(Math.min(12, a.byteLength + b.byteLength));
  both.set(a.subarray(0, 12));
  both.set(b.subarray(0, both.byteLength - a.byteLength), a.byteLength);
  return both;
}
