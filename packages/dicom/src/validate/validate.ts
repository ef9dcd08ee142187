/** Checks of data sets: every value against its VR and the dictionary, and the object against its IOD's modules. */
import "../dictionary/register.ts";
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement } from "../data-set/element.ts";
import { characterSetTerm } from "../charset/terms.ts";
import { dictionaryEntry } from "../dictionary/dictionary.ts";
import { uidName } from "../dictionary/uids.ts";
import { isPrivate, type Tag, Tags, tagToHex } from "../tag.ts";
import { vrInfo } from "../vr.ts";
import { modules, packedIods } from "./iod-modules.generated.ts";
import { moduleAttributes } from "./modules.ts";
import { fitsMultiplicity, valueProblem } from "./values.ts";

export type FindingCode =
  | "value-invalid"
  | "multiplicity-invalid"
  | "vr-unexpected"
  | "element-unknown"
  | "element-retired"
  | "length-odd"
  | "text-undecodable"
  | "character-set-unknown"
  | "private-creator-missing"
  | "attribute-missing"
  | "value-missing"
  | "iod-unknown";

export interface Finding {
  readonly severity: "error" | "warning";
  readonly code: FindingCode;
  /** Tags in hex and item numbers from 0: `00081115/0/0020000E`. */
  readonly path: string;
  /** Without the value. */
  readonly message: string;
}

/** @returns what is wrong, in the order of the elements, then of the modules */
export function validate(dataSet: DataSet): Finding[] {
  const findings: Finding[] = [];
  validateValues(dataSet, "", findings);
  validateModules(dataSet, findings);
  return findings;
}

function validateValues(dataSet: DataSet, path: string, findings: Finding[]): void {
  for (const element of dataSet) {
    if ((element.tag & 0xffff) === 0) continue;
    const here = `${path}${tagToHex(element.tag)}`;
    const report: Report = (severity, code, message) =>
      findings.push({ severity, code, path: here, message });
    if (isPrivate(element.tag)) validatePrivate(dataSet, element.tag, report);
    else validateKnown(dataSet, element, report);
    if (element.tag === Tags.SpecificCharacterSet) validateCharacterSet(dataSet, report);
    if (element.raw !== undefined && element.length % 2 === 1)
      report("error", "length-odd", "The value has an odd length.");
    validateText(dataSet, element, report);
    element.items?.forEach((item, index) => validateValues(item, `${here}/${index}/`, findings));
  }
}

type Report = (severity: Finding["severity"], code: FindingCode, message: string) => void;

function validatePrivate(dataSet: DataSet, tag: Tag, report: Report): void {
  const block = (tag & 0xff00) >>> 8;
  if (block === 0) return;
  const creator = dataSet.string(tag - (tag & 0xffff) + block);
  if (creator === undefined)
    report("warning", "private-creator-missing", "No private creator reserves its block.");
}

function validateKnown(dataSet: DataSet, element: DataElement, report: Report): void {
  const { tag, vr } = element;
  const entry = dictionaryEntry(tag);
  if (entry === undefined) {
    report("warning", "element-unknown", "The dictionary does not know it.");
    return;
  }
  if (entry.retired) report("warning", "element-retired", `${entry.keyword} is retired.`);
  if (!entry.vr.split("|").includes(vr) && vr !== "UN") {
    // Retired elements had other VRs in other editions.
    const severity = entry.retired ? "warning" : "error";
    report(severity, "vr-unexpected", `${entry.keyword} has the VR ${entry.vr}, not ${vr}.`);
  }
  const { kind } = vrInfo(vr);
  if (element.isEmpty || element.bulk !== undefined || kind === "bytes" || vr === "SQ") return;
  const count = kind === "text" ? dataSet.strings(tag).length : dataSet.numbers(tag).length;
  if (!fitsMultiplicity(count, entry.vm))
    report(
      "error",
      "multiplicity-invalid",
      `${entry.keyword} has ${count} values; its multiplicity is ${entry.vm}.`,
    );
}

function validateCharacterSet(dataSet: DataSet, report: Report): void {
  for (const term of dataSet.strings("SpecificCharacterSet")) {
    if (characterSetTerm(term) === undefined)
      report("error", "character-set-unknown", "It names a character set that does not exist.");
  }
}

function validateText(dataSet: DataSet, element: DataElement, report: Report): void {
  const { tag, vr } = element;
  if (vrInfo(vr).kind !== "text" || element.isEmpty || element.bulk !== undefined) return;
  for (const value of dataSet.strings(tag)) {
    if (value.includes("\ufffd"))
      report("error", "text-undecodable", "Its bytes are not text in its character set.");
    const problem = tag === Tags.SpecificCharacterSet ? undefined : valueProblem(vr, value);
    if (problem !== undefined) report("error", "value-invalid", `A value of VR ${vr} is ${problem}.`);
  }
}

function validateModules(dataSet: DataSet, findings: Finding[]): void {
  const sopClassUid = dataSet.string("SOPClassUID");
  const iod = sopClassUid === undefined ? undefined : iodOf(uidName(sopClassUid) ?? "");
  if (iod === undefined) {
    findings.push({
      severity: "warning",
      code: "iod-unknown",
      path: "00080016",
      message: "Its SOP class has no IOD here, so modules are not checked.",
    });
    return;
  }
  const seen = new Set<string>();
  for (const module of iod) {
    const { type1 = [], type2 = [] } = moduleAttributes[module] ?? {};
    for (const keyword of [...type1, ...type2]) {
      if (seen.has(keyword)) continue;
      seen.add(keyword);
      const element = dataSet.element(keyword);
      const name = `${keyword} of the module ${module}`;
      if (element === undefined)
        findings.push({
          severity: "error",
          code: "attribute-missing",
          path: "",
          message: `${name} is missing.`,
        });
      else if (element.isEmpty && type1.includes(keyword)) {
        findings.push({
          severity: "error",
          code: "value-missing",
          path: tagToHex(element.tag),
          message: `${name} has no value.`,
        });
      }
    }
  }
}

let iods: Map<string, readonly string[]> | undefined;

/** "CT Image Storage" is of the IOD "CT Image". */
function iodOf(sopClassName: string): readonly string[] | undefined {
  iods ??= new Map(
    packedIods.split("\n").map((line) => {
      const [name = "", indexes = ""] = line.split("|");
      return [name, indexes.split(" ").map((index) => modules[Number.parseInt(index, 36)] ?? "")];
    }),
  );
  const name = sopClassName.replace(/ Storage.*$/, "");
  return iods.get(name) ?? iods.get(`${name} Image`);
}
