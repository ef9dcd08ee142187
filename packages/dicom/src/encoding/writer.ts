/**
 * Encoding of data sets, PS3.5 7: ascending tags, even lengths, padding by VR, in any uncompressed or encapsulated
 * transfer syntax. Bytes that came from a source are written as they are, swapped where the byte order differs.
 */
import { deflateSync } from "fflate";
import type { CharacterSet, CharacterSetOptions } from "../charset/character-set.ts";
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement, Fragments, PrimitiveValue } from "../data-set/element.ts";
import { transferSyntaxInfo } from "../dictionary/transfer-syntax.ts";
import { DicomError } from "../errors.ts";
import { formatTag, Tags } from "../tag.ts";
import { type Vr, vrInfo } from "../vr.ts";
import { ByteWriter } from "./byte-writer.ts";

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

const undefinedLength = 0xffffffff;

class Encoder {
  readonly out: ByteWriter;
  readonly #explicitVr: boolean;
  readonly #littleEndian: boolean;
  readonly #options: EncodeOptions;

  constructor(explicitVr: boolean, littleEndian: boolean, options: EncodeOptions) {
    this.#explicitVr = explicitVr;
    this.#littleEndian = littleEndian;
    this.#options = options;
    this.out = new ByteWriter(littleEndian);
  }

  dataSet(dataSet: DataSet): void {
    const charset = dataSet.characterSet;
    for (const element of dataSet) {
      if ((element.tag & 0xffff) === 0 && element.tag > 0x0002ffff && this.#options.keepGroupLengths !== true)
        continue;
      this.#element(element, charset);
    }
  }

  #element(element: DataElement, charset: CharacterSet): void {
    const { tag, vr, items, fragments, bulk } = element;
    if (items !== undefined) return this.#sequence(element, items);
    if (fragments !== undefined) return this.#encapsulated(element, fragments);
    if (bulk !== undefined) {
      throw new DicomError("value-not-read", `The value of ${formatTag(tag)} was left in its source.`, {
        tag,
      });
    }
    const bytes = this.#valueBytes(element, charset);
    const padded = bytes.byteLength + (bytes.byteLength % 2);
    this.#header(tag, element.writtenAsUnknown ? "UN" : vr, padded);
    this.out.raw(bytes);
    if (padded !== bytes.byteLength) this.out.uint8(vrInfo(vr).padding);
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

  #sequence(element: DataElement, items: readonly DataSet[]): void {
    const { out } = this;
    if (element.writtenAsUnknown && this.#explicitVr) return this.#unknownSequence(element, items);
    const open = this.#isOpen(element.undefinedLength);
    const lengthAt = this.#header(element.tag, "SQ", open ? undefinedLength : 0);
    const start = out.length;
    this.#items(items);
    if (open) this.#delimiter(Tags.SequenceDelimitation);
    else out.patchUint32(lengthAt, out.length - start);
  }

  #items(items: readonly DataSet[]): void {
    const { out } = this;
    for (const item of items) {
      const itemOpen = this.#isOpen(item.undefinedLength);
      out.tag(Tags.Item);
      out.uint32(itemOpen ? undefinedLength : 0);
      const itemStart = out.length;
      this.dataSet(item);
      if (itemOpen) this.#delimiter(Tags.ItemDelimitation);
      else out.patchUint32(itemStart - 4, out.length - itemStart);
    }
  }

  /** A sequence as UN: its items are in Implicit VR Little Endian (PS3.5 6.2.2). */
  #unknownSequence({ tag, undefinedLength: asRead }: DataElement, items: readonly DataSet[]): void {
    const inner = new Encoder(false, true, this.#options);
    inner.#items(items);
    const open = this.#isOpen(asRead);
    if (open) inner.#delimiter(Tags.SequenceDelimitation);
    this.#header(tag, "UN", open ? undefinedLength : inner.out.length);
    this.out.raw(inner.out.bytes());
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
    for (const bytes of [offsetTable, ...fragments.map((fragment) => fragment.bytes)]) {
      if (bytes === undefined) {
        throw new DicomError("value-not-read", "A fragment of the pixel data was left in its source.", {
          tag: element.tag,
        });
      }
      out.tag(Tags.Item);
      out.uint32(bytes.byteLength + (bytes.byteLength % 2));
      out.raw(bytes);
      if (bytes.byteLength % 2 === 1) out.uint8(0);
    }
    this.#delimiter(Tags.SequenceDelimitation);
  }

  #valueBytes(element: DataElement, charset: CharacterSet): Uint8Array {
    const { raw, vr } = element;
    const info = vrInfo(vr);
    const values = element.other?.values;
    if (raw === undefined) return this.#encodeValues(vr, values ?? [], charset);
    if (element.charset !== undefined && info.charset && element.charset !== charset) {
      const text = element.charset.decode(
        raw,
        vr === "PN" ? "person-name" : info.multiple ? "multiple" : "text",
      );
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
