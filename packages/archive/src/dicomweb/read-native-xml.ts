/**
 * The Native DICOM Model (PS3.19 A.1) to DICOM JSON, which says the same in another notation.
 *
 * Reads the XML that the model uses and refuses the rest: there are no document types, so no entities grow and nothing
 * is fetched; nesting has a limit.
 */
import {
  type DicomJsonElement,
  type DicomJsonObject,
  type DicomJsonValue,
  isVr,
  vrInfo,
} from "@isocenter/dicom";
import { DicomwebError } from "./errors.ts";

interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Each item of a sequence makes two levels. */
const maximumDepth = 140;
const maximumGap = 64;

/** @throws DicomwebError `xml-invalid` */
export function readNativeXml(text: string): DicomJsonObject {
  const root = parse(text);
  if (root.name !== "NativeDicomModel") throw invalid("its root is not NativeDicomModel");
  return objectOf(root);
}

function objectOf(parent: XmlElement): DicomJsonObject {
  const object: DicomJsonObject = {};
  for (const child of parent.children) {
    if (child.name !== "DicomAttribute") continue;
    const tag = child.attributes.get("tag") ?? "";
    const vr = child.attributes.get("vr") ?? "";
    if (!/^[0-9A-Fa-f]{8}$/.test(tag) || !isVr(vr)) throw invalid("an attribute has no tag or no VR");
    object[tag.toUpperCase()] = elementOf(child, vr);
  }
  return object;
}

function elementOf(attribute: XmlElement, vr: DicomJsonElement["vr"]): DicomJsonElement {
  const values: DicomJsonValue[] = [];
  for (const child of attribute.children) {
    switch (child.name) {
      case "InlineBinary":
        return { vr, InlineBinary: child.text.replace(/\s+/g, "") };
      case "BulkData": {
        const uri = child.attributes.get("uri") ?? child.attributes.get("uuid");
        if (uri === undefined) throw invalid("bulk data has no uri");
        return { vr, BulkDataURI: uri };
      }
      case "Item":
        values[position(child, values.length)] = objectOf(child);
        break;
      case "PersonName":
        values[position(child, values.length)] = personName(child);
        break;
      case "Value":
        values[position(child, values.length)] = valueOf(child.text, vr);
        break;
      default:
        throw invalid("an attribute holds an unknown element");
    }
  }
  return values.length === 0 ? { vr } : { vr, Value: Array.from(values, (value) => value ?? null) };
}

/** Empty values in between may be left out; a short text must not make a long array. */
function position({ attributes }: XmlElement, before: number): number {
  const number = Number(attributes.get("number"));
  if (!Number.isInteger(number) || number < 1 || number > before + maximumGap) {
    throw invalid("a value has no number, or not its turn's");
  }
  return number - 1;
}

function valueOf(text: string, vr: DicomJsonElement["vr"]): DicomJsonValue {
  if (text === "") return null;
  const { kind } = vrInfo(vr);
  const isWide = vr === "SV" || vr === "UV";
  return kind === "number" && !isWide && Number.isFinite(Number(text)) ? Number(text) : text;
}

const nameParts = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];

function personName(element: XmlElement): DicomJsonValue {
  const name: Record<string, string> = {};
  for (const group of element.children) {
    const parts = nameParts.map((part) => group.children.find((child) => child.name === part)?.text ?? "");
    name[group.name] = parts.join("^").replace(/\^+$/, "");
  }
  const { Alphabetic, Ideographic, Phonetic } = name;
  return {
    ...(Alphabetic === undefined ? {} : { Alphabetic }),
    ...(Ideographic === undefined ? {} : { Ideographic }),
    ...(Phonetic === undefined ? {} : { Phonetic }),
  };
}

const namePattern = /[A-Za-z_][\w.:-]*/y;
const attributePattern = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;

function parse(text: string): XmlElement {
  const root: XmlElement = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  let at = 0;
  const after = (end: string): number => {
    const found = text.indexOf(end, at);
    if (found < 0) throw invalid("it ends too early");
    return found + end.length;
  };
  while (at < text.length) {
    const current = open.at(-1) ?? root;
    if (text[at] !== "<") {
      const end = text.indexOf("<", at);
      current.text += decoded(text.slice(at, end < 0 ? text.length : end));
      at = end < 0 ? text.length : end;
    } else if (text.startsWith("<!--", at)) at = after("-->");
    else if (text.startsWith("<?", at)) at = after("?>");
    else if (text.startsWith("<![CDATA[", at)) {
      const end = after("]]>");
      current.text += text.slice(at + 9, end - 3);
      at = end;
    } else if (text.startsWith("<!", at)) throw invalid("it has a document type");
    else if (text.startsWith("</", at)) {
      const end = after(">");
      if (open.length < 2 || localName(text.slice(at + 2, end - 1).trim()) !== current.name) {
        throw invalid("its elements do not nest");
      }
      open.pop();
      at = end;
    } else {
      const { element, end, isEmpty } = startTag(text, at);
      current.children.push(element);
      at = end;
      if (!isEmpty) open.push(element);
      if (open.length > maximumDepth) throw invalid("it nests too deep");
    }
  }
  const [only, ...more] = root.children;
  if (only === undefined || more.length > 0 || open.length !== 1) throw invalid("it has no one root");
  return only;
}

function startTag(text: string, from: number): { element: XmlElement; end: number; isEmpty: boolean } {
  namePattern.lastIndex = from + 1;
  const [name] = namePattern.exec(text) ?? [];
  if (name === undefined) throw invalid("an element has no name");
  const attributes = new Map<string, string>();
  let at = from + 1 + name.length;
  for (;;) {
    attributePattern.lastIndex = at;
    const match = attributePattern.exec(text);
    if (match === null) break;
    attributes.set(localName(match[1] ?? ""), decoded(match[2] ?? match[3] ?? ""));
    at = attributePattern.lastIndex;
  }
  while (/\s/.test(text[at] ?? "")) at++;
  const isEmpty = text[at] === "/";
  if (isEmpty) at++;
  if (text[at] !== ">") throw invalid("a start tag does not end");
  return { element: { name: localName(name), attributes, children: [], text: "" }, end: at + 1, isEmpty };
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-z]+);|&/g, (_, reference: string | undefined) => {
    if (reference === undefined) throw invalid("an ampersand stands alone");
    if (reference.startsWith("#")) {
      const code = Number(reference.startsWith("#x") ? `0x${reference.slice(2)}` : reference.slice(1));
      if (code > 0x10ffff) throw invalid("a character does not exist");
      return String.fromCodePoint(code);
    }
    const known = Object.hasOwn(named, reference) ? named[reference] : undefined;
    if (known === undefined) throw invalid("it refers to an entity");
    return known;
  });
}

function invalid(why: string): DicomwebError {
  return new DicomwebError("xml-invalid", `This is not the Native DICOM Model: ${why}.`);
}
