/**
 * The audit trail: an append-only file of its own, each line chained to the one before. Lines are written together and
 * synced; how far the trail goes is noted beside it, so that a file that was cut off shows too.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { IsocenterError } from "@isocenter/dicom";
import type { StateDatabase } from "../state/state-database.ts";
import {
  type AuditEntry,
  type AuditFields,
  ChainCheck,
  type ChainProblem,
  noEntry,
  sealed,
} from "./audit-entry.ts";

export interface AuditTrail {
  add(fields: AuditFields): void;
  /** Resolves when everything so far is on stable storage. @throws the system's error when it cannot be written */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export const noAudit: AuditTrail = {
  add: () => undefined,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

export class AuditError extends IsocenterError {
  override readonly name = "AuditError";
  constructor(path: string, cause: unknown) {
    super("audit-unusable", `The audit trail ${path} cannot be read or written.`, { cause });
  }
}

/** Entries held while the file cannot be written. */
const mostWaiting = 100_000;
/** Of the tail that is read to find the last line: longer than any. */
const tailBytes = 1 << 20;

/**
 * @param onError the trail could not be written; what it was told is tried again with the next
 * @throws AuditError
 */
export async function openAuditTrail(
  path: string,
  state: StateDatabase,
  onError: (error: unknown) => void,
): Promise<AuditTrail> {
  try {
    const file = await open(path, "a+", 0o640);
    const { last, size, torn } = await lastLine(file);
    if (torn) await file.truncate(size);
    const trail = new FileTrail(file, size, state, last ?? headOf(state), onError);
    if (torn) trail.add({ event: "trail-mended", who: { user: "isocenter" }, outcome: "minor-failure" });
    return trail;
  } catch (cause) {
    throw new AuditError(path, cause);
  }
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

class FileTrail implements AuditTrail {
  readonly #file: FileHandle;
  readonly #state: StateDatabase;
  readonly #onError: (error: unknown) => void;
  /** Up to the last whole line. */
  #size: number;
  #head: Head;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;

  constructor(
    file: FileHandle,
    size: number,
    state: StateDatabase,
    head: Head,
    onError: (error: unknown) => void,
  ) {
    this.#file = file;
    this.#size = size;
    this.#state = state;
    this.#head = head;
    this.#onError = onError;
  }

  add(fields: AuditFields): void {
    if (this.#lines.length >= mostWaiting) {
      this.#onError(
        new IsocenterError("audit-lost", "The audit trail cannot be written, and an entry was lost."),
      );
      return;
    }
    const entry: AuditEntry = sealed(fields, this.#head, new Date().toISOString());
    this.#head = entry;
    this.#lines.push(`${JSON.stringify(entry)}\n`);
    this.flush().catch(this.#onError);
  }

  flush(): Promise<void> {
    return (this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    }));
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  async #write(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      const { seq, hash } = this.#head;
      this.#lines = [];
      const bytes = Buffer.from(lines.join(""));
      try {
        await this.#file.appendFile(bytes);
        await this.#file.datasync();
        this.#size += bytes.byteLength;
      } catch (error) {
        this.#lines = [...lines, ...this.#lines];
        // A full disk takes the beginning of what does not fit.
        await this.#file.truncate(this.#size).catch(() => undefined);
        throw error;
      }
      this.#state.run(
        "insert into setting (name, value) values ('audit-head', ?) on conflict (name) do update set value = excluded.value",
        JSON.stringify({ seq, hash }),
      );
    }
  }
}

/** Where the trail stood when it was last written; a trail that was moved away goes on from there. */
function headOf(state: StateDatabase): Head {
  const [row] = state.all<{ value: string }>("select value from setting where name = 'audit-head'");
  return row === undefined ? { seq: 0, hash: noEntry } : (JSON.parse(row.value) as Head);
}

/** @returns the last whole line, and the size up to it */
async function lastLine(
  file: FileHandle,
): Promise<{ readonly last: Head | undefined; readonly size: number; readonly torn: boolean }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const text = buffer.subarray(0, bytesRead).toString();
  const end = text.lastIndexOf("\n") + 1;
  const torn = end < text.length;
  const lines = text
    .slice(0, end)
    .split("\n")
    .filter((line) => line !== "");
  const line = lines.at(-1);
  const whole = from + Buffer.byteLength(text.slice(0, end));
  if (line === undefined) return { last: undefined, size: whole, torn };
  try {
    return { last: JSON.parse(line) as Head, size: whole, torn };
  } catch {
    // Somebody changed it: the chain goes on from what is noted beside it, and verifying tells.
    return { last: undefined, size: whole, torn };
  }
}

export interface AuditVerified {
  readonly entries: number;
  readonly problems: readonly ChainProblem[];
}

/**
 * Reads a trail from its beginning.
 * @param head where it stood when it was last written, as far as that is known
 * @throws AuditError when there is none
 */
export async function verifyAuditTrail(
  path: string,
  head?: { readonly seq: number },
): Promise<AuditVerified> {
  const check = new ChainCheck();
  const problems: ChainProblem[] = [];
  let entries = 0;
  try {
    const isTorn = await endsTorn(path);
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) {
      if (line === "") continue;
      const problem = check.add(line);
      if (problem === undefined) entries++;
      else problems.push(problem);
    }
    const last = problems.at(-1);
    if (isTorn && last?.problem === "unreadable")
      problems[problems.length - 1] = { ...last, problem: "torn-end" };
  } catch (cause) {
    throw new AuditError(path, cause);
  }
  if (head !== undefined && check.seq < head.seq) problems.push({ line: check.seq + 1, problem: "cut-off" });
  return { entries, problems };
}

async function endsTorn(path: string): Promise<boolean> {
  const { size } = await stat(path);
  if (size === 0) return false;
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 0x0a;
  } finally {
    await file.close();
  }
}

/** Where a server in this data folder left its trail. */
export function auditHead(state: StateDatabase): { readonly seq: number } | undefined {
  const head = headOf(state);
  return head.seq === 0 ? undefined : head;
}
