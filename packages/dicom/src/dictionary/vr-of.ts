/** VR of a tag: what implicit VR encoding needs. Small, and apart from keywords and names, so that a parser stays small. */
import { isPrivate, type Tag, tagToHex } from "../tag.ts";
import type { Vr } from "../vr.ts";
import { packed, repeatingVrs, vrChoices, vrSymbols } from "./vrs.generated.ts";

let table: Map<Tag, string> | undefined;
let repeating: readonly { readonly pattern: RegExp; readonly vr: string }[] | undefined;

/** All tags of the dictionary in ascending order with their VRs, alternatives joined by `|`. */
export function vrTable(): ReadonlyMap<Tag, string> {
  if (table !== undefined) return table;
  table = new Map();
  const packedVrs: string = packed.vrs;
  let tag = 0;
  let start = 0;
  for (let index = 0; index < packedVrs.length; index++) {
    const code = packedVrs.charCodeAt(index);
    // Steps are digits and small letters; anything else is the symbol that ends one.
    if ((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a)) continue;
    tag += Number.parseInt(packedVrs.slice(start, index), 36);
    table.set(tag, vrChoices[vrSymbols.indexOf(packedVrs.charAt(index))] ?? "UN");
    start = index + 1;
  }
  return table;
}

/** The dictionary's VR, alternatives joined by `|` (`"US|SS"`); undefined for an unknown tag. */
export function dictionaryVr(tag: Tag): string | undefined {
  const found = vrTable().get(tag);
  if (found !== undefined) return found;
  const group = tag >>> 24;
  // Only 0020,31xx, 0028,04xx, 50xx, 60xx, 7Fxx and the like repeat; all other unknown tags end here.
  if (group !== 0x50 && group !== 0x60 && group !== 0x7f && group !== 0x00 && group !== 0x10)
    return undefined;
  repeating ??= repeatingVrs.map(([pattern, symbol]) => ({
    pattern: new RegExp(`^${pattern.replaceAll("x", "[0-9A-F]")}$`),
    vr: vrChoices[vrSymbols.indexOf(symbol)] ?? "UN",
  }));
  const hex = tagToHex(tag);
  return repeating.find((one) => one.pattern.test(hex))?.vr;
}

/**
 * The VR to assume for an element of an implicit VR data set. Where the dictionary leaves a choice: SS rather than US in
 * an image of signed pixels, OW for OB|OW (PS3.5 A.1).
 * @param signed (0028,0103) Pixel Representation is 1
 */
export function implicitVr(tag: Tag, signed = false): Vr {
  if ((tag & 0xffff) === 0) return "UL"; // group length
  if (isPrivate(tag)) return isPrivateCreator(tag) ? "LO" : "UN";
  const vr = dictionaryVr(tag);
  if (vr === undefined) return "UN";
  if (vr.length === 2) return vr as Vr;
  if (vr.includes("OW")) return "OW";
  return signed ? "SS" : "US";
}

/** (gggg,0010–00FF) of an odd group reserve blocks, PS3.5 7.8.1. */
export function isPrivateCreator(tag: Tag): boolean {
  const element = tag & 0xffff;
  return isPrivate(tag) && element >= 0x10 && element <= 0xff;
}
