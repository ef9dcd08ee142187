/** Changes that go into a copy of an instance. */
import { type DataSet, encodePart10, isVr, newUid, type Part10, type Tag } from "@isocenter/dicom";

/** New values as text by tag in hex, with backslashes between several; of the top level only. */
export type Edits = ReadonlyMap<string, string>;

export const noEdits: Edits = new Map();

/** Values that are text: what can be typed. Identity of the instance is not for typing. */
const typed = new Set("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT FL FD SL SS UL US".split(" "));
const ownIdentity = new Set(["00080018", "00020003", "00080005"]);

export const canEdit = (path: string, vr: string): boolean =>
  !path.includes("/") && typed.has(vr) && !ownIdentity.has(path);

/**
 * The copy has a new SOP Instance UID: another object must not go by the name of the first (PS3.3 C.12.1.1).
 * @throws DicomError when a value does not fit its VR
 */
export function editedCopy(file: Part10, edits: Edits): { readonly uid: string; readonly bytes: Uint8Array } {
  const uid = newUid();
  let dataSet: DataSet = file.dataSet;
  for (const [hex, value] of edits) {
    const tag = Number.parseInt(hex, 16) as Tag;
    const vr = dataSet.element(tag)?.vr;
    const isText = ["LT", "ST", "UT"].includes(vr ?? "");
    const values = value === "" || isText ? value : value.split("\\");
    dataSet = dataSet.with(tag, values, vr !== undefined && isVr(vr) ? vr : undefined);
  }
  dataSet = dataSet.with("SOPInstanceUID", uid);
  const bytes = encodePart10({ dataSet, transferSyntaxUid: file.transferSyntaxUid });
  return { uid, bytes };
}
