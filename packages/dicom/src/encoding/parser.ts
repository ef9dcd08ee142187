/**
 * Incremental parser of encoded data sets, PS3.5 7: any chunking, one pass, values decoded later.
 *
 * It is an explicit stack of open data sets, sequences and fragment lists over a window of the bytes that are not
 * consumed yet; nothing recurses, so hostile nesting meets a limit and not the end of the stack. Lengths are compared
 * with what encloses them before anything waits for them, and nothing is allocated for a length that is only declared.
 */
import { CharacterSet } from "../charset/character-set.ts";
import { DataSet } from "../data-set/data-set.ts";
import { type BulkData, bulkDataAt, DataElement } from "../data-set/element.ts";
import { numberValues, textValues } from "../data-set/values.ts";
import { dictionaryVr, implicitVr } from "../dictionary/vr-of.ts";
import { transferSyntaxInfo } from "../dictionary/transfer-syntax.ts";
import { DicomError } from "../errors.ts";
import { formatTag, isPrivate, Tags, type Tag } from "../tag.ts";
import { type Vr, type VrInfo, vrInfo, vrInfoFromCode } from "../vr.ts";
import { ByteWindow } from "./byte-window.ts";
import { type Frame, openFrame } from "./frame.ts";
import { inflatedRange, type InflateLimits, Inflater } from "./inflater.ts";

export interface ParserOptions {
  /** Stop before this tag at the outermost level; what follows stays unread. */
  readonly until?: Tag;
  /** Stop before the first element of another group, as file meta information does. */
  readonly group?: number;
  /** Values longer than this many bytes are skipped and become references (`element.bulk`). Default: none. */
  readonly bulkThreshold?: number;
  /** Deepest nesting of items. Default 64; real files stay below 16. */
  readonly maximumDepth?: number;
  /** Character set (defined term) to assume where (0008,0005) is missing. */
  readonly fallbackCharacterSet?: string;
  /** VR of a private element whose encoding does not tell it, by its creator: see `@isocenter/dicom/private`. */
  readonly privateVr?: (creator: string, tag: Tag) => Vr | undefined;
  /** Reads values that were left in the source; a length beyond its end means up to the end. */
  readonly readBulk?: (offset: number, length: number) => AsyncIterable<Uint8Array>;
  readonly inflate?: InflateLimits;
  /** Offset of the first byte pushed, for references and errors. */
  readonly baseOffset?: number;
}

interface Warning {
  readonly message: string;
  readonly offset: number;
  readonly tag: Tag;
}

const undefinedLength = 0xffffffff;

export class DataSetParser {
  readonly warnings: Warning[] = [];
  readonly #options: ParserOptions;
  readonly #window: ByteWindow;
  readonly #stack: Frame[];
  readonly #bulkThreshold: number;
  readonly #until: Tag;
  readonly #maximumDepth: number;
  readonly #inflater: Inflater | undefined;
  /** Bytes of a value being skipped. */
  #skip = 0;
  #done = false;
  #isFirst = true;
  #dataSet: DataSet | undefined;
  /** A fragment that is skipped counts only when all of it went by. */
  #frame: Frame;

  /** @throws DicomError `transfer-syntax-unsupported` */
  constructor(transferSyntaxUid: string, options: ParserOptions = {}) {
    const syntax = transferSyntaxInfo(transferSyntaxUid);
    // A syntax that is not registered (a private or a newer one) is Explicit VR Little Endian with encapsulated pixel
    // data, as every syntax since 1993 has been (PS3.5 A.4).
    const explicitVr = syntax?.explicitVr ?? true;
    const littleEndian = syntax?.littleEndian ?? true;
    this.#options = options;
    this.#bulkThreshold = options.bulkThreshold ?? Number.POSITIVE_INFINITY;
    this.#until = options.until ?? Number.POSITIVE_INFINITY;
    this.#maximumDepth = options.maximumDepth ?? 64;
    this.#window = new ByteWindow(options.baseOffset ?? 0);
    this.#inflater = syntax?.deflated === true ? new Inflater(options.inflate ?? {}) : undefined;
    const fallback = options.fallbackCharacterSet;
    const charset = CharacterSet.of([], fallback === undefined ? {} : { fallback });
    this.#frame = openFrame("data-set", 0, -1, explicitVr, littleEndian, 0, "UN", charset, false);
    this.#stack = [this.#frame];
  }

  /** Everything wanted was read: `until` was reached, or {@link end} was called. */
  get done(): boolean {
    return this.#done;
  }

  /** The data set, complete once {@link done}; before that, what was read so far. */
  get dataSet(): DataSet {
    return this.#dataSet ?? this.#rootDataSet();
  }

  /** Bytes that were pushed and not consumed, once done: for what follows the data set. */
  get rest(): Uint8Array {
    return this.#window.rest();
  }

  /** Bytes that need not be pushed, because they belong to a value that is skipped; tell {@link skip} instead. */
  get skippable(): number {
    return this.#inflater === undefined && !this.#done ? this.#skip : 0;
  }

  /** Instead of pushing `count` bytes, of {@link skippable} at most. */
  skip(count: number): void {
    this.#skip -= count;
    this.#window.skipUnseen(count);
    this.#run();
  }

  /** @throws DicomError with offset and tag when the bytes are no data set */
  push(chunk: Uint8Array): void {
    if (this.#done) return;
    if (this.#inflater === undefined) {
      this.#window.append(chunk);
      this.#run();
    } else {
      for (const inflated of this.#inflater.push(chunk)) {
        this.#window.append(inflated);
        this.#run();
        if (this.#done) return;
      }
    }
  }

  /** No more bytes come. @throws DicomError `truncated` when something is open */
  end(): void {
    if (this.#done) return;
    for (const inflated of this.#inflater?.end() ?? []) {
      this.#window.append(inflated);
      this.#run();
      if (this.#isDone()) return;
    }
    const { available, position } = this.#window;
    const open = this.#stack.length > 1 || this.#skip > 0;
    if (open || available > 0) {
      const at = this.#frame.tag;
      throw new DicomError(
        "truncated",
        open
          ? `The data ends inside ${at === 0 ? "a value" : formatTag(at)}${this.#skip > 0 ? `, ${this.#skip} bytes early` : ""}.`
          : `The data ends in the middle of an element: ${available} bytes are left.`,
        { offset: position, ...(at === 0 ? {} : { tag: at }) },
      );
    }
    this.#finish();
  }

  /** Re-read after calls that may finish, which narrowing does not know about. */
  #isDone(): boolean {
    return this.#done;
  }

  #finish(): void {
    this.#done = true;
    this.#dataSet = this.#rootDataSet();
  }

  #rootDataSet(): DataSet {
    const [root] = this.#stack;
    return root === undefined
      ? DataSet.empty
      : DataSet.fromElements(root.elements, { inherited: root.charset });
  }

  #run(): void {
    while (!this.#done) {
      if (this.#skip > 0) {
        this.#skip -= this.#window.skip(this.#skip);
        if (this.#skip > 0) return;
      }
      const { end, kind } = this.#frame;
      if (end >= 0 && this.#window.position >= end) {
        this.#close();
        continue;
      }
      const advanced = kind === "data-set" ? this.#element() : this.#item();
      if (!advanced) return;
    }
  }

  /** Reads one element of the open data set. @returns false when more bytes are needed */
  #element(): boolean {
    const window = this.#window;
    if (window.available < 8) return false;
    if (this.#isFirst) this.#checkEncoding();
    const { explicitVr, end, signed } = this.#frame;
    let { littleEndian } = this.#frame;
    const start = window.position;
    const tag = window.tag(0, littleEndian);
    if (tag === Tags.ItemDelimitation || tag === Tags.SequenceDelimitation)
      return this.#delimiter(tag, start);
    if (
      this.#stack.length === 1 &&
      (tag >= this.#until || (this.#options.group !== undefined && tag >>> 16 !== this.#options.group))
    ) {
      this.#finish();
      return false;
    }
    let info: VrInfo;
    let length: number;
    let header = 8;
    let asUnknown = false;
    if (explicitVr) {
      const found = vrInfoFromCode(window.code(4));
      if (found === undefined) throw this.#invalidVr(tag, start);
      info = found;
      if (info.longLength) {
        if (window.available < 12) return false;
        header = 12;
        length = window.uint32(8, littleEndian);
      } else {
        length = window.uint16(6, littleEndian);
      }
      if (info.vr === "UN" && length !== undefinedLength) {
        const known = this.#untoldVr(tag, signed);
        if (known === "SQ" && length > 0 && window.available < 16) return false;
        if (known !== "UN" && (known !== "SQ" || length === 0 || window.tag(12, true) === Tags.Item)) {
          // UN of a known length holds the value as Implicit VR Little Endian has it (PS3.5 6.2.2).
          info = vrInfo(known);
          asUnknown = true;
          littleEndian = true;
        }
      }
    } else {
      info = vrInfo(this.#untoldVr(tag, signed));
      length = window.uint32(4, littleEndian);
    }
    if (length === undefinedLength) {
      window.advance(header);
      this.#openUndefined(tag, info.vr, start);
      return true;
    }
    const valueStart = start + header;
    if (end >= 0 && valueStart + length > end) {
      throw new DicomError(
        "length-invalid",
        `${formatTag(tag)} at offset ${start} is ${length} bytes long, which is more than its item holds.`,
        { offset: start, tag },
      );
    }
    if (info.vr === "SQ") {
      window.advance(header);
      const inner = explicitVr && !asUnknown;
      this.#open("sequence", tag, asUnknown ? "UN" : "SQ", valueStart + length, inner, littleEndian, start);
      return true;
    }
    if (length > this.#bulkThreshold) {
      window.advance(header);
      const bulk = this.#bulk(valueStart, length);
      this.#add(
        new DataElement(
          tag,
          info.vr,
          undefined,
          0,
          length,
          littleEndian,
          false,
          { bulk },
          undefined,
          asUnknown,
        ),
      );
      this.#skip = length;
      return true;
    }
    if (window.available < header + length) return false;
    window.advance(header);
    const { buffer, at } = window;
    this.#add(
      asUnknown
        ? new DataElement(tag, info.vr, buffer, at, length, true, false, undefined, undefined, true)
        : new DataElement(tag, info.vr, buffer, at, length, littleEndian, false, undefined),
    );
    window.advance(length);
    return true;
  }

  /** The VR where the encoding does not tell it: by the dictionary, or the caller's for private elements. */
  #untoldVr(tag: Tag, signed: boolean): Vr {
    const vr = implicitVr(tag, signed);
    const { privateVr } = this.#options;
    if (vr !== "UN" || privateVr === undefined || !isPrivate(tag)) return vr;
    // (gggg,00bb) reserves the block (gggg,bbxx) for the creator it names (PS3.5 7.8.1).
    const creatorTag = tag - (tag & 0xffff) + ((tag & 0xff00) >>> 8);
    const creator = this.#frame.elements.find((element) => element.tag === creatorTag);
    if (creator === undefined) return vr;
    const [name] = textValues(creator, this.#frame.charset);
    return name === undefined ? vr : (privateVr(name, tag) ?? vr);
  }

  /**
   * Data sets exist whose encoding is not the announced one. The first element tells: no implicit length there reads as
   * two capital letters that are a VR, and no VR reads as anything else.
   */
  #checkEncoding(): void {
    const window = this.#window;
    this.#isFirst = false;
    const root = this.#frame;
    const hasVr = vrInfoFromCode(window.code(4)) !== undefined;
    if (hasVr === root.explicitVr) return;
    const tag = window.tag(0, root.littleEndian);
    if (!hasVr && (dictionaryVr(tag) === undefined || window.uint32(4, root.littleEndian) > 0xffff)) return;
    root.explicitVr = hasVr;
    const [announced, found] = hasVr ? ["Implicit", "Explicit"] : ["Explicit", "Implicit"];
    this.#warn(
      `The data set is announced as ${announced} VR and encoded in ${found} VR.`,
      window.position,
      tag,
    );
  }

  #delimiter(tag: Tag, start: number): boolean {
    const isItem = this.#stack.length > 1;
    if (tag === Tags.ItemDelimitation && isItem && this.#frame.end < 0) {
      this.#window.advance(8);
      this.#close();
      return true;
    }
    if (tag === Tags.SequenceDelimitation && isItem && this.#frame.end < 0) {
      // The item was not delimited, the sequence is: met in files of old scanners, and clear enough.
      this.#warn("An item ends without its delimiter.", start, this.#frame.tag);
      this.#close();
      return true;
    }
    throw new DicomError(
      "element-invalid",
      `A delimiter ${formatTag(tag)} stands at offset ${start}, where nothing is open.`,
      {
        offset: start,
        tag,
      },
    );
  }

  /** Reads one item header of the open sequence or fragment list. */
  #item(): boolean {
    const window = this.#window;
    if (window.available < 8) return false;
    const { kind, littleEndian, explicitVr, end, tag: sequenceTag } = this.#frame;
    const start = window.position;
    const tag = window.tag(0, littleEndian);
    const length = window.uint32(4, littleEndian);
    if (tag === Tags.SequenceDelimitation) {
      window.advance(8);
      this.#close();
      return true;
    }
    if (tag !== Tags.Item) {
      throw new DicomError(
        "element-invalid",
        `${formatTag(tag)} stands at offset ${start} inside ${formatTag(sequenceTag)}, where an item is expected.`,
        { offset: start, tag: sequenceTag },
      );
    }
    const itemEnd = length === undefinedLength ? -1 : start + 8 + length;
    if (end >= 0 && itemEnd > end) {
      throw new DicomError(
        "length-invalid",
        `An item at offset ${start} is ${length} bytes long, which is more than ${formatTag(sequenceTag)} holds.`,
        { offset: start, tag: sequenceTag },
      );
    }
    if (kind === "sequence") {
      window.advance(8);
      this.#open("data-set", sequenceTag, "SQ", itemEnd, explicitVr, littleEndian, start);
      return true;
    }
    if (itemEnd < 0) {
      throw new DicomError("length-invalid", `A fragment at offset ${start} has no length.`, {
        offset: start,
        tag: sequenceTag,
      });
    }
    // The offset table is needed whole; it is never large beside the pixels.
    if (length > this.#bulkThreshold && this.#frame.fragments.length > 0) {
      window.advance(8);
      const bulk = this.#bulk(start + 8, length);
      this.#frame.fragments.push({ offset: start + 8, length, bytes: undefined, bulk });
      this.#skip = length;
      return true;
    }
    if (window.available < 8 + length) return false;
    window.advance(8);
    this.#frame.fragments.push({
      offset: start + 8,
      length,
      bytes: window.buffer.subarray(window.at, window.at + length),
    });
    window.advance(length);
    return true;
  }

  #openUndefined(tag: Tag, vr: Vr, start: number): void {
    const { explicitVr, littleEndian } = this.#frame;
    if (vr === "SQ") this.#open("sequence", tag, "SQ", -1, explicitVr, littleEndian, start);
    // UN of undefined length holds a sequence in Implicit VR Little Endian (PS3.5 6.2.2). In implicit VR a private or
    // unknown element of undefined length can be nothing else than a sequence either.
    else if (vr === "UN") this.#open("sequence", tag, "UN", -1, false, true, start);
    else if (vr === "OB" || vr === "OW")
      this.#open("fragments", tag, vr, -1, explicitVr, littleEndian, start);
    else {
      throw new DicomError(
        "length-invalid",
        `${formatTag(tag)} with VR ${vr} at offset ${start} has no length.`,
        {
          offset: start,
          tag,
        },
      );
    }
  }

  #open(
    kind: Frame["kind"],
    tag: Tag,
    vr: Vr,
    end: number,
    explicitVr: boolean,
    littleEndian: boolean,
    start: number,
  ): void {
    if (this.#stack.length > this.#maximumDepth * 2) {
      throw new DicomError(
        "nesting-too-deep",
        `${formatTag(tag)} at offset ${start} is nested deeper than ${this.#maximumDepth} items.`,
        {
          offset: start,
          tag,
        },
      );
    }
    const { charset, signed } = this.#frame;
    this.#frame = openFrame(kind, start, end, explicitVr, littleEndian, tag, vr, charset, signed);
    this.#stack.push(this.#frame);
  }

  #close(): void {
    const closed = this.#frame;
    this.#stack.pop();
    const parent = this.#stack.at(-1);
    if (parent === undefined) return;
    this.#frame = parent;
    const undefinedLengthUsed = closed.end < 0;
    if (closed.kind === "data-set") {
      parent.items.push(
        DataSet.fromElements(closed.elements, {
          inherited: parent.charset,
          undefinedLength: undefinedLengthUsed,
          offset: closed.start,
        }),
      );
    } else if (closed.kind === "sequence") {
      const { tag, vr, items } = closed;
      // UN in explicit VR stays UN when it is written back; what implicit VR does not know is a sequence from now on.
      const asUnknown = vr === "UN" && parent.explicitVr;
      const { littleEndian } = closed;
      this.#add(
        new DataElement(
          tag,
          "SQ",
          undefined,
          0,
          0,
          littleEndian,
          undefinedLengthUsed,
          { items },
          undefined,
          asUnknown,
        ),
      );
    } else {
      const [table, ...fragments] = closed.fragments;
      const value = { offsetTable: table?.bytes ?? new Uint8Array(0), fragments };
      this.#add(
        new DataElement(closed.tag, closed.vr, undefined, 0, 0, closed.littleEndian, true, {
          fragments: value,
        }),
      );
    }
  }

  #add(element: DataElement): void {
    const { elements } = this.#frame;
    elements.push(element);
    if (element.tag === Tags.PixelRepresentation) this.#frame.signed = numberValues(element)[0] === 1;
    else if (element.tag === Tags.SpecificCharacterSet && element.buffer !== undefined) {
      const fallback = this.#options.fallbackCharacterSet;
      this.#frame.charset = CharacterSet.of(
        textValues(element, this.#frame.charset),
        fallback === undefined ? {} : { fallback },
      );
    }
  }

  #bulk(offset: number, length: number): BulkData {
    const { readBulk, baseOffset = 0, inflate = {} } = this.#options;
    return bulkDataAt(offset, length, (start, count) => {
      if (readBulk === undefined) {
        throw new DicomError(
          "value-not-read",
          "The value was not read, and there is no source to read it from.",
          { offset },
        );
      }
      if (this.#inflater === undefined) return readBulk(offset + start, count);
      const deflated = readBulk(baseOffset, Number.POSITIVE_INFINITY);
      return inflatedRange(deflated, inflate, offset - baseOffset + start, count);
    });
  }

  #invalidVr(tag: Tag, start: number): DicomError {
    return new DicomError("vr-invalid", `${formatTag(tag)} at offset ${start} has no valid VR.`, {
      offset: start,
      tag,
    });
  }

  #warn(message: string, offset: number, tag: Tag): void {
    if (this.warnings.length < 100) this.warnings.push({ message, offset, tag });
  }
}
