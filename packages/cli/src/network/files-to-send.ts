/** Files and folders as instances to send: what is no DICOM file is passed over and counted, the next are read ahead. */
import { type FileInstance, instanceFromFile, instanceFromPart10File, walkFiles } from "@isocenter/archive";
import { mapConcurrently, type StoreInstance } from "@isocenter/network";
import type { InstanceOfFile } from "./transcode-instance.ts";

export interface FilesToSend {
  readonly paths: readonly string[];
  /** Instances read ahead of the one that is being sent. */
  readonly ahead: number;
  /** A file without the DICOM prefix in a folder. */
  readonly onSkipped: (path: string) => void;
  readonly onUnreadable: (path: string, error: unknown) => void;
}

/** Files looked into at a time: opening them is waiting for the disk. */
const concurrency = 4;

export async function* filesToSend(files: FilesToSend): AsyncGenerator<InstanceOfFile> {
  /** Those that were handed out and have not had their turn. */
  const sequence = new Map<number, FileInstance>();
  let position = 0;
  for await (const file of mapConcurrently(walkFiles(files.paths), concurrency, (path) =>
    look(path, files),
  )) {
    if (file === undefined) continue;
    const index = position++;
    sequence.set(index, file);
    yield asStoreInstance(file, () => {
      sequence.delete(index);
      for (let next = index + 1; next <= index + files.ahead; next++) sequence.get(next)?.prefetch();
    });
  }
}

async function look(
  path: string,
  { paths, onSkipped, onUnreadable }: FilesToSend,
): Promise<FileInstance | undefined> {
  try {
    // What is named on the command line is tried, whatever it looks like.
    if (paths.includes(path)) return await instanceFromFile(path);
    const file = await instanceFromPart10File(path);
    if (file === undefined) onSkipped(path);
    return file;
  } catch (error) {
    onUnreadable(path, error);
    return undefined;
  }
}

function asStoreInstance(file: FileInstance, onTurn: () => void): InstanceOfFile {
  const { path, size, sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  const dataSet = (): Exclude<StoreInstance["dataSet"], () => unknown> => {
    onTurn();
    return file.bytes ?? file.dataSet();
  };
  return { path, size, sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet };
}
