/**
 * From values in memory to elements. How an item becomes a data set is handed in, because data sets are built with this.
 */
import { implicitVr } from "../dictionary/vr-of.ts";
import { DicomError } from "../errors.ts";
import { formatTag, type Tag } from "../tag.ts";
import { type Vr, vrInfo } from "../vr.ts";
import type { DataSet } from "./data-set.ts";
import {
  type BulkData,
  bytesElement,
  DataElement,
  type PrimitiveValue,
  sequenceElement,
  valuesElement,
} from "./element.ts";
import { tagForKey } from "./keys.ts";
import { PersonName } from "./person-name.ts";
import type { DataSetInit, InitValue } from "./types.ts";

export type ToItem = (item: DataSet | DataSetInit) => DataSet;

/** @throws DicomError `keyword-unknown`, `value-invalid` */
export function elementsOf(init: DataSetInit, toItem: ToItem): DataElement[] {
  const elements: DataElement[] = [];
  for (const [key, value] of Object.entries(init)) {
    if (value !== undefined) elements.push(elementOf(tagForKey(key), value, undefined, toItem));
  }
  return elements;
}

/** @throws DicomError `value-invalid` when the VR cannot hold the value */
export function elementOf(tag: Tag, value: InitValue, givenVr: Vr | undefined, toItem: ToItem): DataElement {
  const vr = givenVr ?? implicitVr(tag);
  if (value === null || value === "")
    return vr === "SQ" ? sequenceElement(tag, []) : valuesElement(tag, vr, []);
  if (isTyped(value)) return elementOf(tag, value.value, value.vr, toItem);
  if (value instanceof Uint8Array) return bytesElement(tag, vr, value);
  if (isBulk(value))
    return new DataElement(tag, vr, undefined, 0, value.length, true, false, { bulk: value });
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (vr === "SQ")
    return sequenceElement(
      tag,
      list.map((item) => itemOf(tag, item, toItem)),
    );
  const kind = vrInfo(vr).kind;
  if (kind === "bytes") throw invalid(tag, vr, "takes bytes");
  return valuesElement(
    tag,
    vr,
    list.map((one) => primitive(tag, vr, one)),
  );
}

function itemOf(tag: Tag, item: unknown, toItem: ToItem): DataSet {
  if (typeof item === "object" && item !== null) return toItem(item as DataSet | DataSetInit);
  throw invalid(tag, "SQ", "takes data sets");
}

function primitive(tag: Tag, vr: Vr, value: unknown): PrimitiveValue {
  if (value instanceof PersonName) return value.toString();
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") {
    throw invalid(tag, vr, "takes text or numbers");
  }
  const { kind } = vrInfo(vr);
  if (kind === "tag") return typeof value === "string" ? tagForKey(value) : value;
  if (kind !== "number") return typeof value === "string" ? value : String(value);
  if (vr === "SV" || vr === "UV") return BigInt(value);
  const number = Number(value);
  if (Number.isNaN(number) && value !== "NaN") throw invalid(tag, vr, "takes numbers");
  return number;
}

function invalid(tag: Tag, vr: Vr, why: string): DicomError {
  return new DicomError("value-invalid", `${formatTag(tag)} has the VR ${vr}, which ${why}.`, { tag });
}

function isBulk(value: InitValue): value is BulkData {
  return (
    typeof value === "object" && value !== null && "stream" in value && typeof value.stream === "function"
  );
}

function isTyped(value: InitValue): value is { readonly vr: Vr; readonly value: InitValue } {
  return (
    typeof value === "object" && value !== null && Object.hasOwn(value, "vr") && Object.hasOwn(value, "value")
  );
}
