/**
 * Encoding of data sets, PS3.5 7: ascending tags, even lengths, padding by VR, in any uncompressed or encapsulated
 * transfer syntax. Bytes that came from a source are written as they are, swapped where the byte order differs.
 */
import { Deflate, deflateSync } from "fflate";
import type { CharacterSet, CharacterSetOptions } from "../charset/character-set.ts";
import type { DataSet } from "../data-set/data-set.ts";
import type { BulkData, DataElement, Fragments, PrimitiveValue } from "../data-set/element.ts";
import { transferSyntaxInfo } from "../dictionary/transfer-syntax.ts";
import { DicomError } from "../errors.ts";
import { formatTag, Tags } from "../tag.ts";
import { type Vr, vrInfo } from "../vr.ts";
import { ByteWriter, type Part } from "./byte-writer.ts";

export interface EncodeOptions {
  /**
   * How lengths of sequences and items are written: `"as-read"` keeps each one's form (new ones have explicit lengths).
   * Default `"as-read"`.
   */
  readonly sequences?: "as-read" | "explicit-length" | "undefined-length";
  /** Keep group lengths (gggg,0000) as they are; they are dropped otherwise, being retired and easily wrong. */
  readonly keepGroupLengths?: boolean;
  /** What to write for characters that (0008,0005) cannot express; an error is thrown when left out. */
  readonly replacement?: string;
}

/**
 * @returns the encoded data set, without preamble and file meta
 * @throws DicomError `transfer-syntax-unsupported`, `text-unencodable`, `value-invalid`, `value-not-read`
 */
export function encodeDataSet(
  dataSet: DataSet,
  transferSyntaxUid: string,
  options: EncodeOptions = {},
): Uint8Array {
  const syntax = transferSyntaxInfo(transferSyntaxUid);
  const explicitVr = syntax?.explicitVr ?? true;
  const littleEndian = syntax?.littleEndian ?? true;
  const encoder = new Encoder(explicitVr, littleEndian, options);
  encoder.dataSet(dataSet);
  const bytes = encoder.out.bytes();
  if (syntax?.deflated !== true) return bytes;
  const deflated = deflateSync(bytes);
  // PS3.5 A.5: a deflated data set of odd length is padded with one NUL.
  if (deflated.byteLength % 2 === 0) return deflated;
  const padded = new Uint8Array(deflated.byteLength + 1);
  padded.set(deflated);
  return padded;
}

/**
 * As {@link encodeDataSet}, in chunks: values that were left in their source, or are given as streams, are read when
 * their turn comes, so a data set of any size is written in constant memory.
 * @throws DicomError as {@link encodeDataSet}, and `length-invalid` when a stream is not as long as it was said to be
 */
export async function* encodeDataSetStream(
  dataSet: DataSet,
  transferSyntaxUid: string,
  options: EncodeOptions = {},
): AsyncGenerator<Uint8Array> {
  const syntax = transferSyntaxInfo(transferSyntaxUid);
  const encoder = new Encoder(syntax?.explicitVr ?? true, syntax?.littleEndian ?? true, options, true);
  encoder.dataSet(dataSet);
  const chunks = chunksOf(encoder.out.parts());
  yield* syntax?.deflated === true ? deflated(chunks) : chunks;
}

async function* chunksOf(parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      if (part.byteLength > 0) yield part;
      continue;
    }
    let left = part.length;
    for await (const chunk of part.stream()) {
      left -= chunk.byteLength;
      if (left < 0) break;
      yield chunk;
    }
    if (left !== 0) {
      throw new DicomError(
        "length-invalid",
        `A value that is streamed was to have ${part.length} bytes; it has ${left < 0 ? "more" : `${left} less`}.`,
      );
    }
  }
}

async function* deflated(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let bytes = 0;
  const deflate = new Deflate((chunk) => {
    bytes += chunk.byteLength;
    ready.push(chunk);
  });
  for await (const chunk of chunks) {
    deflate.push(chunk);
    yield* ready.splice(0);
  }
  deflate.push(new Uint8Array(0), true);
  yield* ready;
  if (bytes % 2 === 1) yield new Uint8Array(1);
}

const undefinedLength = 0xffffffff;

class Encoder {
  readonly out: ByteWriter;
  readonly #explicitVr: boolean;
  readonly #littleEndian: boolean;
  readonly #options: EncodeOptions;
  /** Values may be left to be streamed. */
  readonly #streams: boolean;

  constructor(explicitVr: boolean, littleEndian: boolean, options: EncodeOptions, streams = false) {
    this.#streams = streams;
    this.#explicitVr = explicitVr;
    this.#littleEndian = littleEndian;
    this.#options = options;
    this.out = new ByteWriter(littleEndian);
  }

  /** @param outer the character set of the data set around an item, which it inherits (PS3.3 C.12.1.1.2) */
  dataSet(dataSet: DataSet, outer?: CharacterSet): void {
    const isOwn = dataSet.has(Tags.SpecificCharacterSet);
    const charset = isOwn || outer === undefined ? dataSet.characterSet : outer;
    // Text that was read inside another data set may be in another set than this one's.
    const source = dataSet.knownCharacterSet ?? charset;
    for (const element of dataSet.elements) {
      if ((element.tag & 0xffff) === 0 && element.tag > 0x0002ffff && this.#options.keepGroupLengths !== true)
        continue;
      this.#element(element, charset, source);
    }
  }

  #element(element: DataElement, charset: CharacterSet, source: CharacterSet): void {
    const { tag, vr, items, fragments, bulk } = element;
    if (items !== undefined) return this.#sequence(element, items, charset);
    if (fragments !== undefined) return this.#encapsulated(element, fragments);
    if (bulk !== undefined) return this.#bulk(element, bulk);
    const bytes = this.#valueBytes(element, charset, source);
    const padded = bytes.byteLength + (bytes.byteLength % 2);
    this.#header(tag, element.writtenAsUnknown ? "UN" : vr, padded);
    if (this.#streams) this.out.view(bytes);
    else this.out.raw(bytes);
    if (padded !== bytes.byteLength) this.out.uint8(vrInfo(vr).padding);
  }

  #bulk(element: DataElement, bulk: BulkData): void {
    const { tag, vr } = element;
    if (!this.#streams) {
      throw new DicomError("value-not-read", `The value of ${formatTag(tag)} was left in its source.`, {
        tag,
      });
    }
    const { wordSize } = vrInfo(vr);
    const { length } = bulk;
    this.#header(tag, element.writtenAsUnknown ? "UN" : vr, length + (length % 2));
    const swaps = element.littleEndian !== (this.#littleEndian || element.writtenAsUnknown) && wordSize > 1;
    this.out.external({
      length,
      stream: () => (swaps ? swappedStream(bulk.stream(), wordSize) : bulk.stream()),
    });
    if (length % 2 === 1) this.out.uint8(vrInfo(vr).padding);
  }

  /** @returns where the 32-bit length stands, for lengths that are known later */
  #header(tag: number, vr: Vr, length: number): number {
    const { out } = this;
    out.tag(tag);
    if (!this.#explicitVr) {
      out.uint32(length);
      return out.length - 4;
    }
    const { longLength } = vrInfo(vr);
    if (!longLength && length > 0xfffe) {
      // PS3.5 6.2.2: a value too long for its VR's 16-bit length is written as UN.
      out.ascii("UN");
      out.uint16(0);
      out.uint32(length);
      return out.length - 4;
    }
    out.ascii(vr);
    if (!longLength) {
      out.uint16(length);
      return -1;
    }
    out.uint16(0);
    out.uint32(length);
    return out.length - 4;
  }

  #sequence(element: DataElement, items: readonly DataSet[], charset: CharacterSet): void {
    const { out } = this;
    const open = this.#isOpen(element.undefinedLength);
    // In the other form of length UN might not be recognised as a sequence again; SQ always is.
    if (element.writtenAsUnknown && this.#explicitVr && open === element.undefinedLength)
      return this.#unknownSequence(element, items, charset);
    const lengthAt = this.#header(element.tag, "SQ", open ? undefinedLength : 0);
    const start = out.length;
    this.#items(items, charset);
    if (open) this.#delimiter(Tags.SequenceDelimitation);
    else out.patchUint32(lengthAt, out.length - start);
  }

  #items(items: readonly DataSet[], charset: CharacterSet): void {
    const { out } = this;
    for (const item of items) {
      const itemOpen = this.#isOpen(item.undefinedLength);
      out.tag(Tags.Item);
      out.uint32(itemOpen ? undefinedLength : 0);
      const itemStart = out.length;
      this.dataSet(item, charset);
      if (itemOpen) this.#delimiter(Tags.ItemDelimitation);
      else out.patchUint32(itemStart - 4, out.length - itemStart);
    }
  }

  /** A sequence as UN: its items are in Implicit VR Little Endian (PS3.5 6.2.2). */
  #unknownSequence(
    { tag, undefinedLength: open }: DataElement,
    items: readonly DataSet[],
    charset: CharacterSet,
  ): void {
    const inner = new Encoder(false, true, this.#options, this.#streams);
    inner.#items(items, charset);
    if (open) inner.#delimiter(Tags.SequenceDelimitation);
    this.#header(tag, "UN", open ? undefinedLength : inner.out.length);
    for (const part of inner.out.parts()) {
      if (part instanceof Uint8Array) this.out.raw(part);
      else this.out.external(part);
    }
  }

  #isOpen(asRead: boolean): boolean {
    const { sequences = "as-read" } = this.#options;
    return sequences === "as-read" ? asRead : sequences === "undefined-length";
  }

  #delimiter(tag: number): void {
    this.out.tag(tag);
    this.out.uint32(0);
  }

  #encapsulated(element: DataElement, { offsetTable, fragments }: Fragments): void {
    const { out } = this;
    this.#header(element.tag, element.vr, undefinedLength);
    for (const { length, bytes, bulk } of [
      { length: offsetTable.byteLength, bytes: offsetTable, bulk: undefined },
      ...fragments,
    ]) {
      out.tag(Tags.Item);
      out.uint32(length + (length % 2));
      if (bytes !== undefined) {
        if (this.#streams) out.view(bytes);
        else out.raw(bytes);
      } else if (bulk !== undefined && this.#streams) {
        out.external({ length, stream: () => bulk.stream() });
      } else {
        throw new DicomError("value-not-read", "A fragment of the pixel data was left in its source.", {
          tag: element.tag,
        });
      }
      if (length % 2 === 1) out.uint8(0);
    }
    this.#delimiter(Tags.SequenceDelimitation);
  }

  #valueBytes(element: DataElement, charset: CharacterSet, source: CharacterSet): Uint8Array {
    const { raw, vr } = element;
    const info = vrInfo(vr);
    const values = element.other?.values;
    if (raw === undefined) return this.#encodeValues(vr, values ?? [], charset);
    const from = element.charset ?? source;
    if (info.charset && from !== charset && raw.some((byte) => byte >= 0x80 || byte === 0x1b)) {
      const shape = vr === "PN" ? "person-name" : info.multiple ? "multiple" : "text";
      const text = from.decode(raw, shape);
      return charset.encode(text, this.#charsetOptions());
    }
    const littleEndian = this.#littleEndian || element.writtenAsUnknown;
    if (element.littleEndian === littleEndian || info.wordSize <= 1) return raw;
    return swapped(raw, info.wordSize);
  }

  #encodeValues(vr: Vr, values: readonly PrimitiveValue[], charset: CharacterSet): Uint8Array {
    const { kind, charset: needsCharset } = vrInfo(vr);
    if (kind === "text") {
      const text = values.map(String).join("\\");
      return needsCharset ? charset.encode(text, this.#charsetOptions()) : asciiBytes(text);
    }
    const size = vr === "AT" ? 4 : vrInfo(vr).wordSize;
    const bytes = new Uint8Array(values.length * size);
    const view = new DataView(bytes.buffer);
    values.forEach((value, index) => {
      this.#setNumber(view, index * size, vr, value);
    });
    return bytes;
  }

  #setNumber(view: DataView, at: number, vr: Vr, value: PrimitiveValue): void {
    const little = this.#littleEndian;
    const number = typeof value === "bigint" ? 0 : Number(value);
    switch (vr) {
      case "US":
        return view.setUint16(at, number, little);
      case "SS":
        return view.setInt16(at, number, little);
      case "UL":
        return view.setUint32(at, number, little);
      case "SL":
        return view.setInt32(at, number, little);
      case "FL":
        return view.setFloat32(at, number, little);
      case "FD":
        return view.setFloat64(at, number, little);
      case "SV":
        return view.setBigInt64(at, BigInt(value), little);
      case "UV":
        return view.setBigUint64(at, BigInt(value), little);
      case "AT":
        view.setUint16(at, number >>> 16, little);
        return view.setUint16(at + 2, number & 0xffff, little);
      default:
        throw new DicomError("value-invalid", `Values of VR ${vr} are given as bytes.`);
    }
  }

  #charsetOptions(): CharacterSetOptions {
    const { replacement } = this.#options;
    return replacement === undefined ? {} : { replacement };
  }
}

function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new DicomError("text-unencodable", "This VR takes only the default repertoire.");
    bytes[index] = code;
  }
  return bytes;
}

/** Words may be cut by the ends of chunks: what is left of one is kept for the next. */
async function* swappedStream(
  chunks: AsyncIterable<Uint8Array>,
  wordSize: number,
): AsyncGenerator<Uint8Array> {
  let left = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = new Uint8Array(left.byteLength + chunk.byteLength);
    bytes.set(left);
    bytes.set(chunk, left.byteLength);
    const whole = bytes.byteLength - (bytes.byteLength % wordSize);
    left = bytes.slice(whole);
    if (whole > 0) yield swapped(bytes.subarray(0, whole), wordSize);
  }
  if (left.byteLength > 0) yield left;
}

function swapped(bytes: Uint8Array, wordSize: number): Uint8Array {
  const out = new Uint8Array(bytes.byteLength);
  const whole = bytes.byteLength - (bytes.byteLength % wordSize);
  for (let word = 0; word < whole; word += wordSize) {
    for (let index = 0; index < wordSize; index++)
      out[word + index] = bytes[word + wordSize - 1 - index] ?? 0;
  }
  out.set(bytes.subarray(whole), whole);
  return out;
}
