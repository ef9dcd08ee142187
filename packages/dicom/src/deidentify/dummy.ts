/** Values that say nothing, valid for each VR (PS3.15 E.1.1, action D). */
import { type DataElement, bytesElement, sequenceElement, valuesElement } from "../data-set/element.ts";
import { vrInfo } from "../vr.ts";

const texts: Readonly<Record<string, string>> = {
  AE: "ANONYMIZED",
  AS: "000Y",
  CS: "ANONYMIZED",
  DA: "19000101",
  DT: "19000101000000",
  TM: "000000",
  DS: "0",
  IS: "0",
  PN: "Anonymous",
  UI: "2.25.0",
  UR: "about:blank",
};

export function dummyElement({ tag, vr, length }: DataElement): DataElement {
  const { kind } = vrInfo(vr);
  if (kind === "sequence") return sequenceElement(tag, []);
  if (kind === "bytes") return bytesElement(tag, vr, new Uint8Array(Math.min(length, 2)));
  if (kind === "text") return valuesElement(tag, vr, [texts[vr] ?? "Anonymized"]);
  return valuesElement(tag, vr, [vr === "SV" || vr === "UV" ? 0n : 0]);
}
