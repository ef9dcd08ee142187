/**
 * Incremental parser of DICOM files, PS3.10 7: preamble, file meta information, data set.
 *
 * Files without a preamble, and bare data sets without any meta, are taken too: their encoding is told from the first
 * element.
 */
import { DataSet } from "../data-set/data-set.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { DataSetParser, type ParserOptions } from "../encoding/parser.ts";
import { DicomError } from "../errors.ts";
import { Tags } from "../tag.ts";
import { isVr } from "../vr.ts";

const preambleLength = 128;
const prefixEnd = preambleLength + 4;
/** A meta group is a few hundred bytes; more than this is not one. */
const maximumMetaLength = 1 << 20;

export class Part10Parser {
  readonly #options: ParserOptions;
  #pending: Uint8Array = new Uint8Array(0);
  #metaParser: DataSetParser | undefined;
  #metaStart = 0;
  #metaBytes = 0;
  #parser: DataSetParser | undefined;
  #meta: DataSet = DataSet.empty;
  #transferSyntaxUid = "";
  #dataSetOffset = 0;

  constructor(options: ParserOptions = {}) {
    this.#options = options;
  }

  get done(): boolean {
    return this.#parser?.done ?? false;
  }

  /** File meta information; empty for a bare data set. */
  get meta(): DataSet {
    return this.#meta;
  }

  get dataSet(): DataSet {
    return this.#parser?.dataSet ?? DataSet.empty;
  }

  /** (0002,0010), or what was told from the bytes of a file without meta. */
  get transferSyntaxUid(): string {
    return this.#transferSyntaxUid;
  }

  /** Bytes before the data set. */
  get dataSetOffset(): number {
    return this.#dataSetOffset;
  }

  get warnings(): DataSetParser["warnings"] {
    return [...(this.#metaParser?.warnings ?? []), ...(this.#parser?.warnings ?? [])];
  }

  /** As of {@link DataSetParser}. */
  get skippable(): number {
    return this.#parser?.skippable ?? 0;
  }

  skip(count: number): void {
    if (count > 0) this.#parser?.skip(count);
  }

  /** @throws DicomError `not-dicom`, `meta-invalid`, or what the data set's parser throws */
  push(chunk: Uint8Array): void {
    if (this.#parser !== undefined) this.#parser.push(chunk);
    else if (this.#metaParser !== undefined) this.#pushMeta(chunk);
    else {
      this.#pending = this.#pending.byteLength === 0 ? chunk : joined(this.#pending, chunk);
      if (this.#pending.byteLength >= prefixEnd) this.#begin();
    }
  }

  /** @throws DicomError as {@link push}, and `truncated` */
  end(): void {
    if (this.#metaParser === undefined && this.#parser === undefined) this.#begin();
    if (this.#parser === undefined && this.#metaParser !== undefined) {
      this.#metaParser.end();
      this.#finishMeta(this.#metaParser, new Uint8Array(0));
    }
    this.#parser?.end();
  }

  #begin(): void {
    const bytes = this.#pending;
    this.#pending = new Uint8Array(0);
    if (bytes.byteLength >= prefixEnd && isPrefix(bytes, preambleLength)) {
      this.#beginMeta(bytes.subarray(prefixEnd), prefixEnd);
    } else if (bytes.byteLength >= 4 && isPrefix(bytes, 0)) {
      this.#beginMeta(bytes.subarray(4), 4);
    } else if (bytes[0] === 0x02 && bytes[1] === 0x00 && looksExplicit(bytes)) {
      this.#beginMeta(bytes, 0);
    } else {
      this.#transferSyntaxUid = guessTransferSyntax(bytes);
      this.#beginDataSet(bytes, 0);
    }
  }

  #beginMeta(bytes: Uint8Array, start: number): void {
    this.#metaStart = start;
    this.#metaParser = new DataSetParser(TransferSyntax.ExplicitVRLittleEndian, {
      group: 0x0002,
      baseOffset: start,
    });
    this.#pushMeta(bytes);
  }

  #pushMeta(bytes: Uint8Array): void {
    const parser = this.#metaParser;
    if (parser === undefined) return;
    this.#metaBytes += bytes.byteLength;
    // Whatever syntax follows: a tag beyond group 0002 ends the meta group, and group 0008 in big endian reads as 0800.
    parser.push(bytes);
    if (parser.done) this.#finishMeta(parser, parser.rest);
    else if (this.#metaBytes > maximumMetaLength) {
      throw new DicomError("meta-invalid", "The file meta information does not end.", {
        offset: this.#metaStart,
      });
    }
  }

  #finishMeta(parser: DataSetParser, rest: Uint8Array): void {
    this.#meta = parser.dataSet;
    const uid = this.#meta.string(Tags.TransferSyntaxUid);
    if (uid === undefined) {
      if (rest.byteLength < 8) {
        throw new DicomError("meta-invalid", "The file meta information names no transfer syntax.", {
          tag: Tags.TransferSyntaxUid,
          offset: this.#metaStart,
        });
      }
      this.#transferSyntaxUid = guessTransferSyntax(rest);
    } else {
      this.#transferSyntaxUid = uid;
    }
    this.#beginDataSet(rest, this.#metaStart + this.#metaBytes - rest.byteLength);
  }

  #beginDataSet(bytes: Uint8Array, offset: number): void {
    this.#dataSetOffset = offset;
    this.#parser = new DataSetParser(this.#transferSyntaxUid, { ...this.#options, baseOffset: offset });
    this.#parser.push(bytes);
  }
}

function isPrefix(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x44 && bytes[at + 1] === 0x49 && bytes[at + 2] === 0x43 && bytes[at + 3] === 0x4d;
}

function looksExplicit(bytes: Uint8Array): boolean {
  return isVr(String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0));
}

/** @throws DicomError `not-dicom` when the first element is none that a data set begins with */
function guessTransferSyntax(bytes: Uint8Array): string {
  const group = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const swappedGroup = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (bytes.byteLength >= 8) {
    const explicit = looksExplicit(bytes);
    if (explicit && swappedGroup >= 0x0004 && swappedGroup <= 0x0040 && group > 0x0040)
      return TransferSyntax.ExplicitVRBigEndian;
    if (explicit) return TransferSyntax.ExplicitVRLittleEndian;
    const length =
      ((bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8) | ((bytes[6] ?? 0) << 16)) + (bytes[7] ?? 0) * 0x1000000;
    // Data sets begin with groups 0002 to 0040 and a short first value.
    if (group >= 0x0002 && group <= 0x0040 && group % 2 === 0 && length < 0x10000)
      return TransferSyntax.ImplicitVRLittleEndian;
  }
  throw new DicomError(
    "not-dicom",
    "This is not a DICOM file: there is no DICM prefix, and no data set at the start.",
    {
      offset: 0,
    },
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
