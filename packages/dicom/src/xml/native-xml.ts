/** Data sets as the Native DICOM Model, PS3.19 A.1. */
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement } from "../data-set/element.ts";
import { PersonName, type PersonNameGroup } from "../data-set/person-name.ts";
import { keywordOf } from "../dictionary/dictionary.ts";
import { binaryElement, type ToJsonOptions } from "../json/to-json.ts";
import { isPrivate, tagToHex } from "../tag.ts";
import { vrInfo } from "../vr.ts";

/** As for DICOM JSON: long binary values become references, or are left out. */
export type ToXmlOptions = ToJsonOptions;

/** @returns a whole XML document; group lengths are left out */
export function toNativeXml(dataSet: DataSet, options: ToXmlOptions = {}): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">',
  ];
  attributes(dataSet, options, lines, []);
  lines.push("</NativeDicomModel>", "");
  return lines.join("\n");
}

function attributes(
  dataSet: DataSet,
  options: ToXmlOptions,
  lines: string[],
  path: readonly (string | number)[],
): void {
  for (const element of dataSet) {
    if ((element.tag & 0xffff) === 0) continue;
    attribute(dataSet, element, options, lines, path);
  }
}

function attribute(
  dataSet: DataSet,
  element: DataElement,
  options: ToXmlOptions,
  lines: string[],
  path: readonly (string | number)[],
): void {
  const { tag, vr } = element;
  const hex = tagToHex(tag);
  const here = [...path, hex];
  const keyword = keywordOf(tag);
  const creator = isPrivate(tag) ? dataSet.string(tag - (tag & 0xffff) + ((tag & 0xff00) >>> 8)) : undefined;
  const names = [
    `tag="${hex}"`,
    `vr="${vr}"`,
    ...(keyword === undefined || keyword === "" ? [] : [`keyword="${keyword}"`]),
    ...(creator === undefined ? [] : [`privateCreator="${escaped(creator)}"`]),
  ].join(" ");
  const inner: string[] = [];
  if (vr === "SQ") {
    dataSet.items(tag).forEach((item, index) => {
      inner.push(`<Item number="${index + 1}">`);
      attributes(item, options, inner, [...here, index]);
      inner.push("</Item>");
    });
  } else if (element.bulk !== undefined || vrInfo(vr).kind === "bytes") {
    inner.push(...binary(element, options, here));
  } else if (vr === "PN") {
    dataSet.strings(tag).forEach((text, index) => inner.push(...personName(text, index + 1)));
  } else {
    dataSet.strings(tag).forEach((text, index) => {
      inner.push(`<Value number="${index + 1}">${escaped(text)}</Value>`);
    });
  }
  if (inner.length === 0) lines.push(`<DicomAttribute ${names}/>`);
  else lines.push(`<DicomAttribute ${names}>`, ...inner, "</DicomAttribute>");
}

/** The rules for what is inline and what is referred to are those of DICOM JSON. */
function binary(element: DataElement, options: ToXmlOptions, path: readonly (string | number)[]): string[] {
  const { BulkDataURI, InlineBinary } = binaryElement(element, options, path);
  if (BulkDataURI !== undefined) return [`<BulkData uri="${escaped(BulkDataURI)}"/>`];
  return InlineBinary === undefined ? [] : [`<InlineBinary>${InlineBinary}</InlineBinary>`];
}

function personName(text: string, number: number): string[] {
  const name = PersonName.parse(text);
  const groups = [
    ["Alphabetic", "alphabetic"],
    ["Ideographic", "ideographic"],
    ["Phonetic", "phonetic"],
  ] as const;
  const inner = groups.flatMap(([element, group]) =>
    name[group] === "" ? [] : [`<${element}>${components(name.components(group))}</${element}>`],
  );
  return inner.length === 0 ? [] : [`<PersonName number="${number}">`, ...inner, "</PersonName>"];
}

function components(group: PersonNameGroup): string {
  const parts = [
    ["FamilyName", group.familyName],
    ["GivenName", group.givenName],
    ["MiddleName", group.middleName],
    ["NamePrefix", group.prefix],
    ["NameSuffix", group.suffix],
  ] as const;
  return parts
    .filter(([, text]) => text !== "")
    .map(([element, text]) => `<${element}>${escaped(text)}</${element}>`)
    .join("");
}

// oxlint-disable-next-line no-control-regex
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Characters that XML 1.0 cannot hold at all become the replacement character. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;")
    .replace(controls, "\ufffd")
    .replace(loneSurrogates, "\ufffd");
}
