/** Files and folders as instances to send: what is no DICOM file is passed over and counted. */
import {
  blockingFiles,
  type FileInstance,
  instanceFromFile,
  instanceFromPart10File,
  walkFiles,
} from "@isocenter/archive/files";
import type { InstanceOfFile } from "@isocenter/archive/transcode";

export interface FilesToSend {
  readonly paths: readonly string[];
  /** A file without the DICOM prefix in a folder. */
  readonly onSkipped: (path: string) => void;
  readonly onUnreadable: (path: string, error: unknown) => void;
}

export async function* filesToSend(files: FilesToSend): AsyncGenerator<InstanceOfFile> {
  for await (const path of walkFiles(files.paths)) {
    const file = await look(path, files);
    if (file !== undefined) yield asStoreInstance(file);
  }
}

async function look(
  path: string,
  { paths, onSkipped, onUnreadable }: FilesToSend,
): Promise<FileInstance | undefined> {
  try {
    // What is named on the command line is tried, whatever it looks like.
    if (paths.includes(path)) return await instanceFromFile(path, blockingFiles);
    const file = await instanceFromPart10File(path, blockingFiles);
    if (file === undefined) onSkipped(path);
    return file;
  } catch (error) {
    onUnreadable(path, error);
    return undefined;
  }
}

function asStoreInstance(file: FileInstance): InstanceOfFile {
  const { path, size, sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  return {
    path,
    size,
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid,
    dataSet: () => file.bytes ?? file.source(),
  };
}
