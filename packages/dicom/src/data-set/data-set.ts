/**
 * `DataSet`: elements in ascending tag order, immutable from outside (PS3.5 7).
 *
 * Values are decoded when they are asked for, so reading a file costs what is looked at. Edits make a new data set that
 * shares the untouched elements.
 */
import { CharacterSet } from "../charset/character-set.ts";
import { DicomError } from "../errors.ts";
import { formatTag, Tags, type Tag } from "../tag.ts";
import { type Vr, vrInfo } from "../vr.ts";
import { elementOf, elementsOf } from "./build.ts";
import { DataElement, sequenceElement } from "./element.ts";
import { tagForKey } from "./keys.ts";
import { PersonName } from "./person-name.ts";
import type { AnyValue, DataSetInit, InitValue, Key, Keyword, ValueOf } from "./types.ts";
import type { KeywordVr } from "../dictionary/keyword-vr.generated.ts";
import { bigintValues, numberValues, textValues } from "./values.ts";

const defaultCharset = CharacterSet.of([]);

export class DataSet implements Iterable<DataElement> {
  static get empty(): DataSet {
    return emptyDataSet;
  }

  readonly #elements: readonly DataElement[];
  /** Character set of the enclosing data set, which items without their own inherit (PS3.5 6.1.2.5.3, C.12.1.1.2). */
  readonly #inherited: CharacterSet | undefined;
  #charset: CharacterSet | undefined;
  /** An item was encoded with undefined length. */
  readonly undefinedLength: boolean;
  /** Of an item that was read: where its tag stands in the source, in bytes. */
  readonly offset: number | undefined;

  private constructor(
    elements: readonly DataElement[],
    inherited: CharacterSet | undefined,
    undefinedLength = false,
    offset?: number,
  ) {
    this.#elements = elements;
    this.#inherited = inherited;
    this.undefinedLength = undefinedLength;
    this.offset = offset;
  }

  /**
   * @example DataSet.of({ PatientName: "Doe^John", StudyDate: "20240131", "(0009,1001)": { vr: "LO", value: "x" } })
   * @throws DicomError `keyword-unknown`, `value-invalid`
   */
  static of(init: DataSetInit): DataSet {
    return DataSet.fromElements(elementsOf(init, toItem));
  }

  /** From elements in any order; of several with one tag the last stays. */
  static fromElements(
    elements: readonly DataElement[],
    options: { inherited?: CharacterSet | undefined; undefinedLength?: boolean; offset?: number } = {},
  ): DataSet {
    return new DataSet(inOrder(elements), options.inherited, options.undefinedLength, options.offset);
  }

  /** In ascending tag order. */
  get elements(): readonly DataElement[] {
    return this.#elements;
  }

  get size(): number {
    return this.#elements.length;
  }

  [Symbol.iterator](): Iterator<DataElement> {
    return this.#elements[Symbol.iterator]();
  }

  /** By (0008,0005), the enclosing data set's, or the default repertoire. */
  get characterSet(): CharacterSet {
    if (this.#charset === undefined) {
      const own = this.element(Tags.SpecificCharacterSet);
      this.#charset =
        own === undefined
          ? (this.#inherited ?? defaultCharset)
          : CharacterSet.of(textValues(own, defaultCharset));
    }
    return this.#charset;
  }

  /** As {@link characterSet}; undefined where nothing says how encoded text in it is to be read. */
  get knownCharacterSet(): CharacterSet | undefined {
    return this.has(Tags.SpecificCharacterSet) ? this.characterSet : this.#inherited;
  }

  has(key: Key): boolean {
    return this.element(key) !== undefined;
  }

  element(key: Key): DataElement | undefined {
    const tag = tagForKey(key);
    const elements = this.#elements;
    let low = 0;
    let high = elements.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const element = elements[middle] as DataElement;
      if (element.tag === tag) return element;
      if (element.tag < tag) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The first value, typed by the keyword's VR; all items for a sequence. Undefined when absent or empty. */
  get<K extends Keyword>(keyword: K): ValueOf<KeywordVr[K]> | undefined;
  get(key: Key): AnyValue | undefined;
  get(key: Key): AnyValue | undefined {
    const element = this.element(key);
    if (element === undefined || element.isEmpty) return undefined;
    const { vr } = element;
    if (vr === "SQ") return element.items ?? [];
    if (vr === "PN") return PersonName.parse(textValues(element, this.characterSet)[0] ?? "");
    if (vr === "SV" || vr === "UV") return bigintValues(element)[0];
    const { kind } = vrInfo(vr);
    if (kind === "number" || kind === "tag" || vr === "DS" || vr === "IS") return numberValues(element)[0];
    if (kind === "bytes") return this.bytes(key);
    return textValues(element, this.characterSet)[0];
  }

  /** The first value as text, without padding; undefined when absent or empty. */
  string(key: Key): string | undefined {
    const first = this.strings(key)[0];
    return first === "" ? undefined : first;
  }

  /** All values as text; empty ones between backslashes stay. */
  strings(key: Key): readonly string[] {
    const element = this.element(key);
    return element === undefined ? [] : textValues(element, this.characterSet);
  }

  number(key: Key): number | undefined {
    const first = this.numbers(key)[0];
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  numbers(key: Key): readonly number[] {
    const element = this.element(key);
    return element === undefined ? [] : numberValues(element);
  }

  bigints(key: Key): readonly bigint[] {
    const element = this.element(key);
    return element === undefined ? [] : bigintValues(element);
  }

  /**
   * The value's bytes as they are encoded, a view and not a copy.
   * @throws DicomError `value-not-read` when they were left in the source; use `element(key).bulk` then
   */
  bytes(key: Key): Uint8Array | undefined {
    const element = this.element(key);
    if (element?.bulk !== undefined) {
      throw new DicomError(
        "value-not-read",
        `The value of ${formatTag(element.tag)} was left in its source.`,
        {
          tag: element.tag,
          offset: element.bulk.offset,
        },
      );
    }
    return element?.raw;
  }

  /** The items of a sequence; none when it is absent. */
  items(key: Key): readonly DataSet[] {
    return this.element(key)?.items ?? [];
  }

  /** A copy with one element set; `vr` is needed for private and unknown tags. */
  with(key: Key, value: InitValue, vr?: Vr): DataSet {
    const tag = tagForKey(key);
    return this.#replaced([elementOf(tag, value, vr, toItem)]);
  }

  without(...keys: Key[]): DataSet {
    const gone = new Set(keys.map(tagForKey));
    const kept = this.#decoupled(gone.has(Tags.SpecificCharacterSet)).filter(
      (element) => !gone.has(element.tag),
    );
    return new DataSet(kept, this.#inherited, this.undefinedLength);
  }

  /**
   * The tag of a private element: element `00`–`FF` of the block that `creator` reserves in `group` (PS3.5 7.8.1).
   * Undefined where the creator has no block here.
   */
  privateTag(creator: string, group: number, element: number): Tag | undefined {
    const block = this.#privateBlock(creator, group);
    return block === undefined ? undefined : group * 0x10000 + block * 0x100 + element;
  }

  /**
   * A copy with a private element set; a block is reserved where the creator has none.
   * @throws DicomError `value-invalid` when the group is even, or all its blocks are taken
   */
  withPrivate(creator: string, group: number, element: number, vr: Vr, value: InitValue): DataSet {
    if (group % 2 === 0 || element < 0 || element > 0xff) {
      throw new DicomError(
        "value-invalid",
        "Private elements have an odd group and an element from 00 to FF.",
      );
    }
    const known = this.#privateBlock(creator, group);
    if (known !== undefined) return this.with(group * 0x10000 + known * 0x100 + element, value, vr);
    for (let block = 0x10; block <= 0xff; block++) {
      const creatorTag = group * 0x10000 + block;
      if (this.has(creatorTag)) continue;
      return this.with(creatorTag, creator, "LO").with(creatorTag + block * 0xff + element, value, vr);
    }
    throw new DicomError("value-invalid", `All private blocks of the group ${group.toString(16)} are taken.`);
  }

  #privateBlock(creator: string, group: number): number | undefined {
    for (let block = 0x10; block <= 0xff; block++) {
      if (this.string(group * 0x10000 + block) === creator) return block;
    }
    return undefined;
  }

  /** A copy in which the other's elements win. Text keeps its meaning when the two character sets differ. */
  merge(other: DataSet): DataSet {
    const charset = other.characterSet;
    const theirs = other.#elements.map((element) => withCharset(element, charset));
    return this.#replaced(theirs);
  }

  #replaced(news: readonly DataElement[]): DataSet {
    const tags = new Set(news.map((element) => element.tag));
    const mine = this.#decoupled(tags.has(Tags.SpecificCharacterSet)).filter(
      (element) => !tags.has(element.tag),
    );
    return new DataSet(inOrder([...mine, ...news]), this.#inherited, this.undefinedLength);
  }

  /** Elements that know their character set themselves, for when (0008,0005) is about to change. */
  #decoupled(changes: boolean): readonly DataElement[] {
    return changes
      ? this.#elements.map((element) => withCharset(element, this.characterSet))
      : this.#elements;
  }
}

function toItem(item: DataSet | DataSetInit): DataSet {
  return item instanceof DataSet ? item : DataSet.of(item);
}

/** The element with its character set pinned, so that another (0008,0005) beside it does not change its text. */
function withCharset(element: DataElement, charset: CharacterSet): DataElement {
  if (element.vr === "SQ" && element.items !== undefined) {
    const items = element.items.map((item) =>
      item.has(Tags.SpecificCharacterSet) ? item : pinned(item, charset),
    );
    return sequenceElement(element.tag, items, element.undefinedLength);
  }
  if (element.buffer === undefined || element.charset !== undefined || !vrInfo(element.vr).charset)
    return element;
  const { tag, vr, buffer, offset, length, littleEndian, writtenAsUnknown } = element;
  return new DataElement(
    tag,
    vr,
    buffer,
    offset,
    length,
    littleEndian,
    false,
    undefined,
    charset,
    writtenAsUnknown,
  );
}

function pinned(item: DataSet, charset: CharacterSet): DataSet {
  const elements = Array.from(item, (element) => withCharset(element, charset));
  return DataSet.fromElements(elements, { undefinedLength: item.undefinedLength });
}

function inOrder(elements: readonly DataElement[]): readonly DataElement[] {
  let before = -1;
  let sorted = true;
  for (const { tag } of elements) {
    if (tag <= before) {
      sorted = false;
      break;
    }
    before = tag;
  }
  if (sorted) return elements;
  const last = new Map<Tag, DataElement>();
  for (const element of elements) last.set(element.tag, element);
  return [...last.values()].sort((a, b) => a.tag - b.tag);
}

const emptyDataSet = DataSet.of({});
