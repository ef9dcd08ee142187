/**
 * One data element: tag, VR and value.
 *
 * A value is kept in the form it came in: bytes in the source's buffer (decoded when asked for), values given in memory,
 * items, fragments of encapsulated pixel data, or a reference to bytes that were left in the source.
 */
import type { CharacterSet } from "../charset/character-set.ts";
import { DicomError } from "../errors.ts";
import type { Tag } from "../tag.ts";
import type { Vr } from "../vr.ts";
import type { DataSet } from "./data-set.ts";

/** A value that was not read: where it is, and how to get it. */
export interface BulkData {
  /** Bytes from the start of the source. */
  readonly offset: number;
  readonly length: number;
  /** @throws DicomError `value-not-read` when there is no source to read from */
  bytes(start?: number, length?: number): Promise<Uint8Array>;
  /** All of it, or `length` bytes from `start`. */
  stream(start?: number, length?: number): AsyncIterable<Uint8Array>;
}

/** One fragment of encapsulated pixel data (PS3.5 A.4), held or left in the source. */
export interface Fragment {
  /** Offset of the fragment's bytes from the start of the source. */
  readonly offset: number;
  readonly length: number;
  /** Undefined when the fragment was above the threshold and stayed in the source. */
  readonly bytes: Uint8Array | undefined;
  /** Where it is then. */
  readonly bulk?: BulkData | undefined;
}

export interface Fragments {
  /** The first item: the basic offset table, empty when there is none. */
  readonly offsetTable: Uint8Array;
  readonly fragments: readonly Fragment[];
}

export type PrimitiveValue = string | number | bigint;

/** What an element's value may be; exactly one member is set. */
export interface ElementValue {
  readonly items?: readonly DataSet[];
  readonly values?: readonly PrimitiveValue[];
  readonly fragments?: Fragments;
  readonly bulk?: BulkData;
}

export class DataElement {
  readonly tag: Tag;
  readonly vr: Vr;
  /** The encoded value is `buffer[offset … offset + length]`; undefined for the other forms. */
  readonly buffer: Uint8Array | undefined;
  readonly offset: number;
  readonly length: number;
  readonly littleEndian: boolean;
  /** The sequence or pixel data was encoded with undefined length. */
  readonly undefinedLength: boolean;
  readonly other: ElementValue | undefined;
  /** Character set of in-place bytes when it is not the data set's, after a merge. */
  readonly charset: CharacterSet | undefined;
  /** It was encoded as UN although the dictionary knows its VR, and is written back so (PS3.5 6.2.2). */
  readonly writtenAsUnknown: boolean;

  constructor(
    tag: Tag,
    vr: Vr,
    buffer: Uint8Array | undefined,
    offset: number,
    length: number,
    littleEndian: boolean,
    undefinedLength: boolean,
    other: ElementValue | undefined,
    charset?: CharacterSet,
    writtenAsUnknown = false,
  ) {
    this.tag = tag;
    this.vr = vr;
    this.buffer = buffer;
    this.offset = offset;
    this.length = length;
    this.littleEndian = littleEndian;
    this.undefinedLength = undefinedLength;
    this.other = other;
    this.charset = charset;
    this.writtenAsUnknown = writtenAsUnknown;
  }

  get items(): readonly DataSet[] | undefined {
    return this.other?.items;
  }

  get fragments(): Fragments | undefined {
    return this.other?.fragments;
  }

  get bulk(): BulkData | undefined {
    return this.other?.bulk;
  }

  /** The encoded bytes, a view; undefined for items, fragments, references and values made in memory. */
  get raw(): Uint8Array | undefined {
    return this.buffer?.subarray(this.offset, this.offset + this.length);
  }

  /** Nothing in it: zero length, no items, no fragments. */
  get isEmpty(): boolean {
    if (this.other === undefined) return this.length === 0;
    const { items, values, fragments, bulk } = this.other;
    return (
      bulk === undefined &&
      (items === undefined || items.length === 0) &&
      (values === undefined || values.length === 0) &&
      (fragments === undefined || fragments.fragments.length === 0)
    );
  }
}

/**
 * A value to be written from a stream.
 * @param length in bytes; the stream must give as many
 */
export function bulkData(length: number, stream: () => AsyncIterable<Uint8Array>): BulkData {
  return bulkDataAt(0, length, (start, count) =>
    start === 0 && count === length ? stream() : part(stream(), start, count),
  );
}

/** @internal */
export function bulkDataAt(
  offset: number,
  length: number,
  read: (start: number, length: number) => AsyncIterable<Uint8Array>,
): BulkData {
  const stream = (start = 0, count = length - start): AsyncIterable<Uint8Array> => read(start, count);
  return {
    offset,
    length,
    stream,
    bytes: (start = 0, count = length - start) => collect(stream(start, count), count),
  };
}

async function* part(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, start + length - at));
    if (piece.byteLength > 0) yield piece;
    at += chunk.byteLength;
    if (at > start + length) return;
  }
}

/** @throws DicomError `truncated` when the stream ends early */
export async function collect(stream: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of stream) {
    bytes.set(chunk.subarray(0, length - at), at);
    at += chunk.byteLength;
    if (at >= length) break;
  }
  if (at < length) throw new DicomError("truncated", `The value ends ${length - at} bytes early.`);
  return bytes;
}

/** An element with encoded bytes. */
export function bytesElement(
  tag: Tag,
  vr: Vr,
  bytes: Uint8Array,
  littleEndian = true,
  charset?: CharacterSet,
): DataElement {
  return new DataElement(tag, vr, bytes, 0, bytes.byteLength, littleEndian, false, undefined, charset);
}

export function valuesElement(tag: Tag, vr: Vr, values: readonly PrimitiveValue[]): DataElement {
  return new DataElement(tag, vr, undefined, 0, 0, true, false, { values });
}

export function sequenceElement(tag: Tag, items: readonly DataSet[], undefinedLength = false): DataElement {
  return new DataElement(tag, "SQ", undefined, 0, 0, true, undefinedLength, { items });
}
