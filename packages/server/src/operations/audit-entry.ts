/**
 * Entries of the audit trail, after the events of PS3.15 A.5 and DICOM's codes for them, as JSON lines. Each holds the hash
 * of the one before it, so that a line that was changed, taken out or put in shows.
 *
 * Who, what, which UIDs, and what came of it; no patient data.
 */
import { createHash } from "node:crypto";

export type AuditEvent =
  /** 110100 Application Activity. */
  | "server-started"
  | "server-stopped"
  /** 110104 DICOM Instances Transferred, in and out. */
  | "instances-stored"
  | "instances-sent"
  /** 110103 DICOM Instances Accessed. */
  | "instances-accessed"
  /** 110105 DICOM Study Deleted. */
  | "instances-deleted"
  /** 110112 Query. */
  | "query"
  /** 110113 Security Alert. */
  | "association-refused"
  | "login-refused"
  | "configuration-changed"
  /** The end of the file was torn, by a crash: its last line was incomplete and is no longer there. */
  | "trail-mended";

export interface AuditWho {
  /** AE title, or `http`. */
  readonly user: string;
  /** Network address. */
  readonly address?: string;
}

export interface AuditFields {
  readonly event: AuditEvent;
  readonly who: AuditWho;
  readonly outcome: "success" | "minor-failure" | "failure";
  /** UIDs, and how many more there were. */
  readonly studies?: readonly string[];
  readonly instances?: readonly string[];
  readonly count?: number;
  /** A word: the peer, the operation, the level of a query. */
  readonly detail?: string;
}

export interface AuditEntry extends AuditFields {
  /** From 1, without gaps. */
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly prev: string;
  readonly hash: string;
}

export const noEntry = "0".repeat(64);

export function sealed(
  fields: AuditFields,
  before: { readonly seq: number; readonly hash: string },
  at: string,
): AuditEntry {
  const entry = { seq: before.seq + 1, at, ...fields, prev: before.hash };
  return { ...entry, hash: hashOf(entry) };
}

/** Over the line as it is written, without the hash itself. */
function hashOf(entry: Omit<AuditEntry, "hash">): string {
  return createHash("sha256").update(JSON.stringify(entry)).digest("hex");
}

export interface ChainProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: "unreadable" | "changed" | "out-of-order" | "torn-end" | "cut-off";
}

/** Goes along a trail line by line. */
export class ChainCheck {
  seq = 0;
  hash = noEntry;
  #line = 0;

  /** @returns what is wrong with it; the chain is taken up again behind it */
  add(text: string): ChainProblem | undefined {
    const line = ++this.#line;
    let entry: AuditEntry;
    try {
      entry = JSON.parse(text) as AuditEntry;
    } catch {
      return { line, problem: "unreadable" };
    }
    const { hash, ...rest } = entry;
    const isWhole = hashOf(rest) === hash;
    const follows = entry.prev === this.hash && entry.seq === this.seq + 1;
    this.seq = entry.seq;
    this.hash = hash;
    if (!isWhole) return { line, problem: "changed" };
    return follows ? undefined : { line, problem: "out-of-order" };
  }
}
