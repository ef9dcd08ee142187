/**
 * `@isocenter/dicom/private`: names and VRs of well-known private elements (PS3.5 7.8), apart from the rest because it is
 * larger than all of the standard's own and most programs never ask.
 */
import type { Tag } from "../tag.ts";
import { isVr, type Vr } from "../vr.ts";
import { packedPrivateElements } from "./private-elements.generated.ts";

export interface PrivateEntry {
  readonly creator: string;
  readonly vr: Vr;
  readonly vm: string;
  readonly name: string;
}

let byCreator: Map<string, Map<string, string>> | undefined;

function unpack(): Map<string, Map<string, string>> {
  if (byCreator !== undefined) return byCreator;
  byCreator = new Map();
  for (const block of packedPrivateElements.split("\n\n")) {
    const [creator = "", ...lines] = block.split("\n");
    byCreator.set(creator, new Map(lines.map((line) => [line.slice(0, 8).toLowerCase(), line])));
  }
  return byCreator;
}

/**
 * @param creator value of the private creator element that reserves the block
 * @param tag of the element, with the block it was found in
 */
export function privateEntry(creator: string, tag: Tag): PrivateEntry | undefined {
  const elements = unpack().get(creator.trim());
  if (elements === undefined) return undefined;
  const hex = tag.toString(16).padStart(8, "0");
  const line =
    elements.get(hex) ??
    elements.get(`${hex.slice(0, 4)}xx${hex.slice(6)}`) ??
    elements.get(`${hex.slice(0, 2)}xxxx${hex.slice(6)}`) ??
    elements.get(`${hex.slice(0, 6)}xx`);
  if (line === undefined) return undefined;
  const [, vr = "", vm = "", ...name] = line.split("|");
  return isVr(vr)
    ? { creator: creator.trim(), vr, vm: vm === "" ? "1" : vm, name: name.join("|") }
    : undefined;
}

/** For `ParserOptions.privateVr`: VRs of private elements in implicit VR data sets, which would be UN otherwise. */
export function privateVr(creator: string, tag: Tag): Vr | undefined {
  return privateEntry(creator, tag)?.vr;
}

/** The creators that are known. */
export function privateCreators(): readonly string[] {
  return [...unpack().keys()];
}
