/** A folder as something to query: an archive that `isocenter serve` made, or plain DICOM files. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LocalArchive } from "@isocenter/archive";
import { IncomingFolder } from "../incoming/incoming-folder.ts";
import { storeHandler } from "../incoming/store-handler.ts";
import { FileIndex } from "./file-index.ts";
import type { QrSource } from "./services.ts";

export interface OpenSource extends QrSource {
  /** How much there is, in words. */
  readonly description: string;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly readOnly: boolean;
  /** Make an archive where there is none yet. */
  readonly archive: boolean;
  readonly durable: boolean;
  readonly signal: AbortSignal;
}

export function openSource(folder: string, options: SourceOptions): Promise<OpenSource> {
  const isArchive = existsSync(join(folder, "index.sqlite"));
  return isArchive || options.archive ? overArchive(folder, options) : overFiles(folder, options);
}

async function overArchive(folder: string, { readOnly }: SourceOptions): Promise<OpenSource> {
  const archive = await LocalArchive.open(folder);
  const { studies, instances } = await archive.counts();
  return {
    description: `the archive in ${folder}, ${studies} studies, ${instances} instances`,
    find: (query, options) => archive.find(query, options),
    retrieve: (selection, options) => archive.retrieve(selection, options),
    onStore: readOnly
      ? undefined
      : async (bytes, request, { signal }) => {
          const { status, reason } = await archive.storeOne(
            {
              sopClassUid: request.affectedSopClassUid,
              sopInstanceUid: request.affectedSopInstanceUid,
              transferSyntaxUid: request.transferSyntaxUid,
              sourceAeTitle: request.callingAeTitle,
              dataSet: () => bytes,
            },
            { signal },
          );
          return { code: status, ...(reason === undefined ? {} : { errorComment: reason }) };
        },
    close: () => archive.close(),
  };
}

async function overFiles(folder: string, { readOnly, durable, signal }: SourceOptions): Promise<OpenSource> {
  const incoming = readOnly
    ? undefined
    : await IncomingFolder.open({
        folder,
        pattern: "{StudyInstanceUID}/{SeriesInstanceUID}/{SOPInstanceUID}.dcm",
        duplicates: "replace",
        durable,
      });
  const index = await FileIndex.of(folder, signal);
  const { studies, instances } = index.counts;
  const unreadable =
    index.unreadable === 0 ? "" : `, ${index.unreadable} files without the UIDs of an instance`;
  return {
    description: `the files in ${folder}, ${studies} studies, ${instances} instances${unreadable}`,
    find: (query, options) => index.find(query, options),
    retrieve: (selection, options) => index.retrieve(selection, options),
    onStore: incoming === undefined ? undefined : indexed(incoming, index),
    close: async () => incoming?.[Symbol.asyncDispose](),
  };
}

/** The answer waits for the index too: the next query finds what was acknowledged. */
function indexed(incoming: IncomingFolder, index: FileIndex): OpenSource["onStore"] {
  return async (bytes, request, context) => {
    let path: string | undefined;
    const store = storeHandler(incoming, (delivery) => {
      if (delivery.kind === "stored" || delivery.kind === "replaced") path = delivery.path;
    });
    const answer = await store(bytes, request, context);
    if (path !== undefined) await index.add(path);
    return answer;
  };
}
