/** Files out of whatever was dropped or chosen: files, folders with all that is in them, zip archives. */
import { Unzip, UnzipInflate } from "fflate";

export interface ImportFile {
  /** Path within the folder or archive. */
  readonly path: string;
  read(): Promise<Blob | Uint8Array>;
}

/** @param onBroken told of archives that cannot be read */
export async function* filesOf(
  given: readonly (File | FileSystemEntry)[],
  onBroken: (path: string) => void,
): AsyncGenerator<ImportFile> {
  for (const one of given) {
    if (one instanceof File) yield* fromFile(one, one.webkitRelativePath || one.name, onBroken);
    else yield* fromEntry(one, onBroken);
  }
}

async function* fromEntry(
  entry: FileSystemEntry,
  onBroken: (path: string) => void,
): AsyncGenerator<ImportFile> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    yield* fromFile(file, path, onBroken);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Readers hand out a hundred entries at a time.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return;
    for (const child of entries) yield* fromEntry(child, onBroken);
  }
}

async function* fromFile(
  file: File,
  path: string,
  onBroken: (path: string) => void,
): AsyncGenerator<ImportFile> {
  if (!(await isZip(file))) {
    yield { path, read: () => Promise.resolve(file) };
    return;
  }
  try {
    yield* unzipped(file, path);
  } catch {
    onBroken(path);
  }
}

async function isZip(file: File): Promise<boolean> {
  const [a, b, c, d] = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return a === 0x50 && b === 0x4b && c === 3 && d === 4;
}

/** Entry by entry as the archive is read: only one unpacked file is held at a time, beside those that wait to be sent. */
async function* unzipped(file: File, path: string): AsyncGenerator<ImportFile> {
  const ready: ImportFile[] = [];
  let broken: Error | undefined;
  const unzip = new Unzip((entry) => {
    if (entry.name.endsWith("/")) return;
    const chunks: Uint8Array[] = [];
    entry.ondata = (error, chunk, isLast) => {
      if (error !== null) {
        broken = error;
        return;
      }
      chunks.push(chunk);
      if (!isLast) return;
      const blob = new Blob(chunks as BlobPart[]);
      ready.push({ path: `${path}/${entry.name}`, read: () => Promise.resolve(blob) });
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    unzip.push(value ?? new Uint8Array(0), done);
    if (broken !== undefined) throw broken;
    yield* ready.splice(0);
    if (done) return;
  }
}
