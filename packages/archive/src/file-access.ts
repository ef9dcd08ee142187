/**
 * Two ways to read files. A server lets nothing wait for a disk; a program that does nothing but send files is several
 * times as quick when it reads them itself, because most of the time of a small file is the way to another thread.
 */
import { closeSync, fstatSync, openSync, readSync, readvSync } from "node:fs";
import { open } from "node:fs/promises";

export interface FileAccess {
  /** Whether everything else waits while a file is read. */
  readonly isBlocking: boolean;
  /** Bytes to read at a time of a large file: less where the next chunk is not read beside the work on this one. */
  readonly chunkBytes: number;
  /** @throws the system's error */
  open(path: string): OpenFile | Promise<OpenFile>;
}

export interface OpenFile {
  readonly size: number;
  /** Up to `length` bytes, in memory of their own; fewer only at the end of the file. */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** Fills the views one after another. @returns how many bytes; fewer only at the end of the file */
  readInto(views: readonly Uint8Array[], position: number): number | Promise<number>;
  close(): void | Promise<void>;
}

/** Waits for the disk beside other work. */
export const patientFiles: FileAccess = {
  isBlocking: false,
  chunkBytes: 1 << 19,
  async open(path) {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      return {
        size,
        async read(position, length) {
          const buffer = Buffer.allocUnsafeSlow(length);
          let filled = 0;
          while (filled < length) {
            const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
          }
          return buffer.subarray(0, filled);
        },
        async readInto(views, position) {
          let filled = 0;
          for (let left = views; left.length > 0; ) {
            const { bytesRead } = await handle.readv(left, position + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
            left = unfilled(left, bytesRead);
          }
          return filled;
        },
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
};

/** Reads at once: for command lines, where nothing else waits. */
export const blockingFiles: FileAccess = {
  isBlocking: true,
  chunkBytes: 1 << 18,
  open(path) {
    const descriptor = openSync(path, "r");
    try {
      const { size } = fstatSync(descriptor);
      return {
        size,
        read(position, length) {
          const buffer = Buffer.allocUnsafeSlow(length);
          let filled = 0;
          while (filled < length) {
            const bytesRead = readSync(descriptor, buffer, filled, length - filled, position + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
          }
          return buffer.subarray(0, filled);
        },
        readInto(views, position) {
          let filled = 0;
          for (let left = views; left.length > 0; ) {
            const bytesRead = readvSync(descriptor, left, position + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
            left = unfilled(left, bytesRead);
          }
          return filled;
        },
        close: () => closeSync(descriptor),
      };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  },
};

/** What is left of the views after the first `count` bytes: none as a rule, where a read gave all. */
function unfilled(views: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  const first = views.findIndex((view) => {
    if (left < view.byteLength) return true;
    left -= view.byteLength;
    return false;
  });
  const [cut, ...others] = first < 0 ? [] : views.slice(first);
  return cut === undefined ? [] : [cut.subarray(left), ...others];
}
