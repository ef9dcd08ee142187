/**
 * Hanging protocols: which study they are for, the layout, and what goes into each pane. They are JSON, so that a
 * department writes its own; the first that fits wins, the reader's own before those that come with the page.
 */
import type { DisplaySet } from "../model/display-sets.ts";
import type { Pane } from "./viewer-state.ts";

/** Every condition that is there must hold. Patterns are regular expressions, without regard to case. */
export interface SetMatch {
  readonly modality?: readonly string[];
  readonly description?: string;
  /** Anatomical plane of the slices. */
  readonly plane?: "axial" | "sagittal" | "coronal";
  readonly minimumImages?: number;
  /** From the study that is compared with. */
  readonly prior?: boolean;
}

export interface HangingProtocol {
  readonly name: string;
  readonly study: {
    readonly modality?: readonly string[];
    readonly description?: string;
    readonly hasPrior?: boolean;
  };
  readonly layout: readonly [rows: number, columns: number];
  readonly panes: readonly SetMatch[];
  readonly synchronised?: boolean;
}

export interface Hanging {
  readonly rows: number;
  readonly columns: number;
  readonly panes: readonly Pane[];
  readonly isSynchronised: boolean;
}

export function protocolFits(
  { study }: HangingProtocol,
  facts: { readonly modalities: readonly string[]; readonly description: string; readonly hasPrior: boolean },
): boolean {
  if (study.modality !== undefined && !study.modality.some((one) => facts.modalities.includes(one)))
    return false;
  if (study.description !== undefined && !matches(study.description, facts.description)) return false;
  return study.hasPrior === undefined || study.hasPrior === facts.hasPrior;
}

/** @param startOf the image that a set opens with */
export function hang(
  protocol: HangingProtocol,
  current: readonly DisplaySet[],
  prior: readonly DisplaySet[],
  startOf: (set: DisplaySet) => number,
): Hanging {
  const [rows, columns] = protocol.layout;
  const used = new Set<string>();
  const panes = protocol.panes.slice(0, rows * columns).map((match): Pane => {
    const from = match.prior === true ? prior : current;
    const set = from.find((one) => one.kind === "images" && !used.has(one.id) && setFits(match, one));
    if (set === undefined) return { setId: undefined, index: 0 };
    used.add(set.id);
    return { setId: set.id, index: startOf(set) };
  });
  while (panes.length < rows * columns) panes.push({ setId: undefined, index: 0 });
  return { rows, columns, panes, isSynchronised: protocol.synchronised === true };
}

function setFits(match: SetMatch, set: DisplaySet): boolean {
  if (match.modality !== undefined && !match.modality.includes(set.modality)) return false;
  if (match.description !== undefined && !matches(match.description, set.description)) return false;
  if (match.minimumImages !== undefined && set.frames.length < match.minimumImages) return false;
  return match.plane === undefined || match.plane === planeOf(set);
}

export function planeOf(set: DisplaySet): SetMatch["plane"] {
  const normal = set.frames[0]?.plane?.normal.map(Math.abs);
  if (normal === undefined) return undefined;
  const most = Math.max(...normal);
  return most === normal[2] ? "axial" : most === normal[0] ? "sagittal" : "coronal";
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "i").test(text);
  } catch {
    return false;
  }
}

/** @returns the protocols, or what is wrong with the text in words for whoever wrote it */
export function parseProtocols(text: string): readonly HangingProtocol[] | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (!Array.isArray(json)) return "A list of protocols is expected: [ … ].";
  for (const [index, one] of (json as readonly Partial<HangingProtocol>[]).entries()) {
    const where = `Protocol ${index + 1}`;
    if (typeof one?.name !== "string" || one.name === "") return `${where} has no "name".`;
    if (typeof one.study !== "object" || one.study === null) return `${where} has no "study".`;
    const [rows, columns] = one.layout ?? [];
    const isLayout = [rows, columns].every(
      (count) => Number.isInteger(count) && (count ?? 0) >= 1 && (count ?? 0) <= 3,
    );
    if (!isLayout) return `${where}: "layout" is two numbers from 1 to 3.`;
    if (!Array.isArray(one.panes)) return `${where} has no "panes".`;
  }
  return json as readonly HangingProtocol[];
}
