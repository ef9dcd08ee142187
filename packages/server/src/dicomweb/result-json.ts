/**
 * Search results as DICOM JSON text (PS3.18 F), written straight from their values: an answer of a hundred studies is
 * made of a few thousand short texts, and building objects first would take longer than finding the studies.
 */
import {
  type DataElement,
  DataSet,
  type DicomJsonElement,
  type DicomJsonObject,
  PersonName,
  tagToHex,
  toDicomJson,
  vrInfo,
} from "@isocenter/dicom";

/** A member to be added, or to stand instead of one that is there. */
export interface Member {
  readonly tag: number;
  /** JSON of the element; undefined leaves it out. */
  readonly json: string | undefined;
}

/**
 * @param members in ascending tags
 * @returns one object with its members in ascending tags (F.2.2), as `toDicomJson` would give
 */
export function resultJson(dataSet: DataSet, members: readonly Member[]): string {
  let text = "{";
  let next = 0;
  const add = (tag: number, json: string): void => {
    text += `${text.length === 1 ? "" : ","}"${tagToHex(tag)}":${json}`;
  };
  const addMembers = (before: number): void => {
    for (let member = members[next]; member !== undefined && member.tag < before; member = members[++next]) {
      if (member.json !== undefined) add(member.tag, member.json);
    }
  };
  for (const element of dataSet.elements) {
    const { tag } = element;
    addMembers(tag);
    // One that stands instead comes with the next ones; group lengths do not come at all.
    if (members[next]?.tag === tag || (tag & 0xffff) === 0) continue;
    add(tag, elementJson(dataSet, element));
  }
  addMembers(Number.POSITIVE_INFINITY);
  return `${text}}`;
}

/**
 * The same from matches that are DICOM JSON already. Their members come in any order, but in the same one from match to
 * match, so it is worked out once.
 */
export class JsonResults {
  #order: readonly string[] = [];

  text(match: DicomJsonObject, members: readonly Member[]): string {
    if (!this.#fits(match)) this.#order = Object.keys(match).sort();
    let text = "{";
    let next = 0;
    const add = (hex: string, json: string): void => {
      text += `${text.length === 1 ? "" : ","}"${hex}":${json}`;
    };
    const addMembers = (before: string | undefined): void => {
      for (let member = members[next]; member !== undefined; member = members[++next]) {
        const hex = tagToHex(member.tag);
        if (before !== undefined && hex >= before) return;
        if (member.json !== undefined) add(hex, member.json);
      }
    };
    for (const hex of this.#order) {
      addMembers(hex);
      const member = members[next];
      const element = match[hex];
      if (element === undefined || (member !== undefined && tagToHex(member.tag) === hex)) continue;
      add(hex, plainJson(element));
    }
    addMembers(undefined);
    return `${text}}`;
  }

  #fits(match: DicomJsonObject): boolean {
    let count = 0;
    for (const _ in match) count++;
    return count === this.#order.length && this.#order.every((hex) => match[hex] !== undefined);
  }
}

function plainJson(element: DicomJsonElement): string {
  const { vr, Value } = element;
  if (Value === undefined || Value.length !== 1) return JSON.stringify(element);
  const [value] = Value;
  if (typeof value === "string") return textJson(vr, value);
  return typeof value === "number"
    ? `{"vr":"${vr}","Value":[${JSON.stringify(value)}]}`
    : JSON.stringify(element);
}

/** An element of one text value. */
export function textJson(vr: string, value: string): string {
  return `{"vr":"${vr}","Value":[${quoted(value)}]}`;
}

function elementJson(dataSet: DataSet, element: DataElement): string {
  const { tag, vr } = element;
  if (element.isEmpty) return `{"vr":"${vr}"}`;
  if (element.bulk !== undefined || vrInfo(vr).kind !== "text") return otherJson(dataSet, element);
  const texts = dataSet.strings(tag);
  if (texts.length === 0 || (texts.length === 1 && texts[0] === "")) return `{"vr":"${vr}"}`;
  const values = texts.map(vr === "PN" ? nameJson : vr === "DS" || vr === "IS" ? numberJson : valueJson);
  return values.length === 1 && values[0] === "null"
    ? `{"vr":"${vr}"}`
    : `{"vr":"${vr}","Value":[${values.join()}]}`;
}

const valueJson = (text: string): string => (text === "" ? "null" : quoted(text));

function numberJson(text: string): string {
  if (text === "") return "null";
  const value = Number(text);
  return Number.isFinite(value) ? JSON.stringify(value) : quoted(text);
}

function nameJson(text: string): string {
  const { alphabetic, ideographic, phonetic } = PersonName.parse(text);
  const groups: string[] = [];
  if (alphabetic !== "") groups.push(`"Alphabetic":${quoted(alphabetic)}`);
  if (ideographic !== "") groups.push(`"Ideographic":${quoted(ideographic)}`);
  if (phonetic !== "") groups.push(`"Phonetic":${quoted(phonetic)}`);
  return groups.length === 0 ? "null" : `{${groups.join()}}`;
}

/** Sequences, numbers and binary values: few among a search's results. */
function otherJson(dataSet: DataSet, element: DataElement): string {
  const alone = DataSet.fromElements([element], { inherited: dataSet.characterSet });
  return JSON.stringify(toDicomJson(alone)[tagToHex(element.tag)]);
}

// oxlint-disable-next-line no-control-regex
const special = /["\\\0-\x1f\ud800-\udfff]/;

function quoted(text: string): string {
  return special.test(text) ? JSON.stringify(text) : `"${text}"`;
}
