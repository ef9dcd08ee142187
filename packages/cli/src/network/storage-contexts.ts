/**
 * Presentation contexts to receive a retrieval in: which SOP classes the study really has, and what fits into the 128
 * contexts of an association (PS3.8 9.3.2.2).
 */
import { DataSet, type DataSetInit, storageSopClasses, TransferSyntax } from "@isocenter/dicom";
import {
  type Association,
  maximumContexts,
  NetworkError,
  type PresentationContextProposal,
} from "@isocenter/network";
import { findMatches } from "./find-matches.ts";
import type { Selection, Wanted } from "./selection.ts";

/** SOP classes to offer: those that are surely there, and others in case it was not all. */
export interface ClassesToOffer {
  readonly first: readonly string[];
  readonly rest: readonly string[];
}

const plain = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];
const lossless = ["4.70", "4.80", "4.90", "4.201", "4.202", "4.57", "5", "1.99", "4.92", "4.110"].map(of);
const lossy = ["4.50", "4.51", "4.91", "4.81", "4.203", "4.93", "4.111", "4.112"].map(of);
const video = ["4.100", "4.101", "4.102", "4.103", "4.104", "4.105", "4.106", "4.107", "4.108"].map(of);

/** Contexts to offer, an association each, until nothing is missing. */
export function* attempts(
  { first, rest }: ClassesToOffer,
  preferences: readonly string[],
  /** Contexts that the model itself needs. */
  taken: number,
): Generator<readonly PresentationContextProposal[]> {
  const families = preferences.length > 0 ? [preferences] : [plain, lossless, lossy, video];
  yield* contextGroups(first, families, taken);
  // Some peers send all instances of a class in the first context that was accepted for it, and fail where they would
  // have to transcode for that: then each kind of syntax alone brings its own.
  const alone = families.length === 1 ? [] : families;
  for (const family of alone) yield* contextGroups(first, [family], taken);
  if (rest.length === 0) return;
  for (const family of families) yield* contextGroups(rest, [family], taken);
}

function* contextGroups(
  sopClassUids: readonly string[],
  families: readonly (readonly string[])[],
  taken: number,
): Generator<readonly PresentationContextProposal[]> {
  const room = maximumContexts - taken;
  const all = families.flat();
  // One syntax per context lets the peer send each instance as it is stored; where that is too many, fewer contexts
  // with several syntaxes each, of which the peer picks one.
  const shapes = [all.map((uid) => [uid]), families, [all]];
  const shape = shapes.find((one) => one.length * sopClassUids.length <= room) ?? [all];
  const perGroup = Math.max(1, Math.floor(room / shape.length));
  for (let at = 0; at < sopClassUids.length; at += perGroup) {
    yield sopClassUids
      .slice(at, at + perGroup)
      .flatMap((abstractSyntaxUid) =>
        shape.map((transferSyntaxUids) => ({ abstractSyntaxUid, transferSyntaxUids, role: "scp" as const })),
      );
  }
}

/** Asks the peer: (0008,0062) SOP Classes in Study, or the modalities of the series; all classes where it tells neither. */
export async function classesOf(
  association: Association,
  wanted: Wanted,
  selections: readonly Selection[],
  stopping: AbortSignal,
): Promise<ClassesToOffer> {
  const first = new Set<string>();
  let isSure = true;
  for (const selection of selections) {
    const { classes, isComplete } = await classesOfOne(association, wanted, selection, stopping);
    for (const uid of classes) first.add(uid);
    isSure &&= isComplete;
  }
  return isSure && first.size > 0 ? { first: [...first], rest: [] } : withOthers(first);
}

/** Where nothing can be asked. */
export const allClasses = (): ClassesToOffer => withOthers(new Set());

function withOthers(first: ReadonlySet<string>): ClassesToOffer {
  const rest = storageSopClasses().filter((uid) => !first.has(uid));
  return first.size === 0 ? { first: rest, rest: [] } : { first: [...first], rest };
}

async function classesOfOne(
  association: Association,
  { find }: Wanted,
  { uniqueKeys }: Selection,
  stopping: AbortSignal,
): Promise<{ classes: readonly string[]; isComplete: boolean }> {
  const ask = async (
    level: "STUDY" | "SERIES",
    keyword: "SOPClassesInStudy" | "Modality",
  ): Promise<string[]> => {
    const unique = { StudyInstanceUID: "", ...uniqueKeys } as DataSetInit;
    const below =
      level === "STUDY" ? (["SeriesInstanceUID", "SOPInstanceUID"] as const) : (["SOPInstanceUID"] as const);
    const identifier = DataSet.of({ ...unique, QueryRetrieveLevel: level, [keyword]: "" }).without(...below);
    const values = new Set<string>();
    for await (const match of findMatches(association, find, identifier, { stopping }))
      for (const value of match.strings(keyword)) if (value !== "") values.add(value);
    return [...values];
  };
  try {
    const classes = await ask("STUDY", "SOPClassesInStudy");
    if (classes.length > 0) return { classes, isComplete: true };
    if (uniqueKeys.StudyInstanceUID === undefined) return { classes: [], isComplete: false };
    const modalities = await ask("SERIES", "Modality");
    return {
      classes: modalities.flatMap((modality) => classesOfModality[modality] ?? []),
      isComplete: false,
    };
  } catch (error) {
    // It does not answer such a query: nothing is known, and the retrieval itself may still work.
    if (!(error instanceof NetworkError) || error.code !== "dimse-status") throw error;
    return { classes: [], isComplete: false };
  }
}

function of(suffix: string): string {
  return `1.2.840.10008.1.2.${suffix}`;
}

const image = (...suffixes: string[]): string[] => suffixes.map((one) => `1.2.840.10008.5.1.4.1.1.${one}`);

/** What series of a modality are made of, the usual first; beside them any series may hold secondary captures. */
const classesOfModality: Readonly<Record<string, readonly string[]>> = {
  CT: image("2", "2.1", "2.2", "7"),
  MR: image("4", "4.1", "4.2", "4.3", "4.4", "7"),
  CR: image("1", "7"),
  DX: image("1.1", "1.1.1", "1"),
  MG: image("1.2", "1.2.1", "13.1.3", "1"),
  IO: image("1.3", "1.3.1"),
  US: image("6.1", "3.1", "6.2", "7"),
  IVUS: image("6.1", "3.1"),
  XA: image("12.1", "12.1.1", "13.1.1"),
  RF: image("12.2", "12.2.1"),
  NM: image("20", "7"),
  PT: image("128", "128.1", "130", "7"),
  OT: image("7", "7.1", "7.2", "7.3", "7.4", "104.1"),
  SC: image("7", "7.1", "7.2", "7.3", "7.4"),
  SR: image("88.11", "88.22", "88.33", "88.34", "88.67", "88.50", "88.65"),
  KO: image("88.59"),
  PR: image("11.1", "11.2", "11.3", "11.4"),
  SEG: image("66.4", "66.7"),
  REG: image("66.1", "66.3"),
  DOC: image("104.1", "104.2"),
  ECG: image("9.1.1", "9.1.2", "9.1.3"),
  ES: image("77.1.1", "77.1.1.1", "7"),
  XC: image("77.1.4", "77.1.4.1"),
  GM: image("77.1.2"),
  SM: image("77.1.6", "77.1.3"),
  OP: image("77.1.5.1", "77.1.5.2"),
  OPT: image("77.1.5.4"),
  RTIMAGE: image("481.1"),
  RTDOSE: image("481.2"),
  RTSTRUCT: image("481.3"),
  RTPLAN: image("481.5", "481.8"),
};
