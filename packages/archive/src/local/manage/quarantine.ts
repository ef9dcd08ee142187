/**
 * Quarantine: instances that were received and not taken in, each with a note that says why.
 *
 * They are objects like the others, `quarantine/<name>.dcm` with `<name>.json` beside it, so that they outlive the index
 * and can be looked at with any tool.
 */
import { randomUUID } from "node:crypto";
import { ArchiveError } from "../../errors.ts";
import { instanceFromChunks } from "../../instance-from-chunks.ts";
import type { InstanceStream } from "../../image-source.ts";
import type { InstanceUids } from "../index/describe.ts";
import { quarantinePrefix, safeName } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { Spool } from "../objects/spool.ts";

export interface QuarantineNote extends InstanceUids {
  readonly reason: string;
  readonly sourceAeTitle?: string | undefined;
}

export interface QuarantinedInstance extends QuarantineNote {
  /** By which it is accepted or discarded. */
  readonly name: string;
  readonly size: number;
  /** ISO 8601. */
  readonly receivedAt: string;
}

export class Quarantine {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** On stable storage when it resolves. The note is there before the object is. */
  async add(spool: Spool, note: QuarantineNote): Promise<string> {
    const name = `${safeName(note.sopInstanceUid)}-${randomUUID()}`;
    const text = JSON.stringify({ ...note, receivedAt: new Date().toISOString() }, null, 2);
    await this.#objects.put(noteKey(name), Buffer.from(`${text}\n`));
    await this.#objects.put(objectOf(name), spool);
    return name;
  }

  /** Oldest first. */
  async list(): Promise<QuarantinedInstance[]> {
    const all: QuarantinedInstance[] = [];
    for await (const { key, size, modified } of this.#objects.list(quarantinePrefix)) {
      if (!key.endsWith(".dcm")) continue;
      const name = key.slice(quarantinePrefix.length, -".dcm".length);
      all.push({ ...(await this.#note(name)), name, size, receivedAt: modified.toISOString() });
    }
    return all.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  }

  /** Key of the object. @throws ArchiveError `quarantine-unknown` */
  async find(name: string): Promise<string> {
    const isName = /^[0-9a-z.-]{1,200}$/i.test(name) && !name.includes("..");
    if (!isName || (await this.#objects.stat(objectOf(name))) === undefined)
      throw new ArchiveError("quarantine-unknown", "There is nothing in quarantine by this name.");
    return objectOf(name);
  }

  /** The instance as a stream. @throws ArchiveError `quarantine-unknown`, and what reading it throws */
  async open(name: string): Promise<InstanceStream> {
    const key = await this.find(name);
    const instance = await instanceFromChunks(this.#objects.stream(key));
    if (instance === undefined)
      throw new ArchiveError("instance-unreadable", "What is in quarantine by this name is no DICOM file.");
    const { sourceAeTitle } = await this.#note(name);
    return { ...instance, ...(sourceAeTitle === undefined ? {} : { sourceAeTitle }) };
  }

  /** @throws ArchiveError `quarantine-unknown` */
  async discard(name: string): Promise<void> {
    await this.#objects.delete(await this.find(name));
    await this.#objects.delete(noteKey(name));
  }

  async #note(name: string): Promise<QuarantineNote> {
    const unknown = { studyInstanceUid: "", seriesInstanceUid: "", sopInstanceUid: "", sopClassUid: "" };
    const info = await this.#objects.stat(noteKey(name));
    if (info === undefined) return { ...unknown, reason: "The note beside it is missing." };
    const text = Buffer.from(await this.#objects.read(noteKey(name), 0, info.size)).toString();
    try {
      return { ...unknown, ...(JSON.parse(text) as QuarantineNote) };
    } catch (error) {
      if (error instanceof SyntaxError) return { ...unknown, reason: "The note beside it is damaged." };
      throw error;
    }
  }
}

const objectOf = (name: string): string => `${quarantinePrefix}${name}.dcm`;
const noteKey = (name: string): string => `${quarantinePrefix}${name}.json`;
