/**
 * Opened instances kept for a moment: a viewer that plays a cine loop or reads the tiles of a slide asks for hundreds of
 * frames of one instance, and looking it up anew for each would cost more than reading the frame.
 *
 * What is kept is at most as old as {@link keptMs}; a change through this face clears it at once. An object is closed
 * when it has left the pool and the last request that reads it is done.
 */
import type { ImageSource, InstanceKey, InstanceObject } from "@isocenter/archive";

const keptMs = 2000;
const maximumKept = 500;

interface Entry {
  readonly object: Promise<InstanceObject>;
  readonly until: number;
  users: number;
  isOut: boolean;
}

export class ObjectPool {
  readonly #bySource = new WeakMap<ImageSource, Map<string, Entry>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @returns the object for one request, which disposes of it as if it were its own */
  async open(source: ImageSource, key: InstanceKey, now = Date.now()): Promise<InstanceObject> {
    if (source.open === undefined) throw new TypeError("the source has no random access");
    let entries = this.#bySource.get(source);
    if (entries === undefined) this.#bySource.set(source, (entries = new Map()));
    const name = `${key.studyInstanceUid} ${key.seriesInstanceUid} ${key.sopInstanceUid}`;
    let entry = entries.get(name);
    if (entry === undefined || entry.until <= now) {
      if (entry !== undefined) this.#drop(entries, name, entry);
      entry = { object: source.open(key), until: now + keptMs, users: 0, isOut: false };
      entries.set(name, entry);
      const [oldest] = entries;
      if (entries.size > maximumKept && oldest !== undefined) this.#drop(entries, ...oldest);
      this.#sweepLater(entries);
    }
    entry.users++;
    try {
      return leased(await entry.object, this.#release.bind(this, entry));
    } catch (error) {
      entry.users--;
      if (entries.get(name) === entry) entries.delete(name);
      throw error;
    }
  }

  /** After a change nothing of before is given. */
  clear(source: ImageSource): void {
    const entries = this.#bySource.get(source);
    for (const [name, entry] of entries ?? []) if (entries !== undefined) this.#drop(entries, name, entry);
  }

  #drop(entries: Map<string, Entry>, name: string, entry: Entry): void {
    entries.delete(name);
    entry.isOut = true;
    if (entry.users === 0) close(entry);
  }

  #release(entry: Entry): void {
    entry.users--;
    if (entry.users === 0 && entry.isOut) close(entry);
  }

  #sweepLater(entries: Map<string, Entry>): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = Date.now();
      for (const [name, entry] of entries) if (entry.until <= now) this.#drop(entries, name, entry);
      if (entries.size > 0) this.#sweepLater(entries);
    }, keptMs);
    // Where timers keep a process running, this one must not.
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

/** Nobody waits for it, and an object that was never opened needs no closing. */
function close({ object }: Entry): void {
  object.then((opened) => opened[Symbol.asyncDispose]()).catch(() => undefined);
}

function leased(object: InstanceObject, release: () => void): InstanceObject {
  let isReleased = false;
  return {
    studyInstanceUid: object.studyInstanceUid,
    seriesInstanceUid: object.seriesInstanceUid,
    sopInstanceUid: object.sopInstanceUid,
    sopClassUid: object.sopClassUid,
    transferSyntaxUid: object.transferSyntaxUid,
    size: object.size,
    dataSetOffset: object.dataSetOffset,
    version: object.version,
    read: (offset, length) => object.read(offset, length),
    stream: (range) => object.stream(range),
    frames: () => object.frames(),
    [Symbol.asyncDispose]: () => {
      if (!isReleased) release();
      isReleased = true;
      return Promise.resolve();
    },
  };
}
