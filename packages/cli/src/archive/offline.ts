/** Work on an archive while no server runs on it: where it is, opening it, and saying so when a server has it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArchiveError, LocalArchive } from "@isocenter/archive";
import { type AccessLog, loadConfig, openAuditOf, type ServerConfig } from "@isocenter/server";
import type { OptionSpecs } from "../arguments.ts";
import type { Io } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const archiveOptions = {
  config: {
    names: ["--config"],
    value: "FILE",
    help: "Configuration (default ./isocenter.json, when it is there).",
  },
  data: { names: ["--data"], value: "DIR", help: "Folder of the archive." },
  database: {
    names: ["--database"],
    value: "URL",
    help: "Index in PostgreSQL, as `isocenter serve` has it.",
  },
  objects: { names: ["--objects"], value: "URL", help: "Objects in S3, as `isocenter serve` has it." },
} as const satisfies OptionSpecs;

export interface ArchiveFlags {
  readonly config: string | undefined;
  readonly data: string | undefined;
  readonly database: string | undefined;
  readonly objects: string | undefined;
}

export interface OfflineArchive extends AsyncDisposable {
  readonly archive: LocalArchive;
  readonly audit: AccessLog;
  /** Of the audit trail: whoever runs the command. */
  readonly who: { readonly user: string };
}

export function archiveConfig(flags: ArchiveFlags, io: Io): ServerConfig {
  return loadConfig(flags, io.env);
}

/**
 * @param make whether a new archive is made where there is none
 * @throws ArchiveError; UsageError when there is no archive
 */
export async function openOffline(
  flags: ArchiveFlags,
  io: Io,
  { make = false }: { readonly make?: boolean } = {},
): Promise<OfflineArchive> {
  const config = archiveConfig(flags, io);
  const { dataFolder: folder, database, objects, duplicates } = config;
  if (!make && !existsSync(join(folder, "lock")) && !existsSync(join(folder, "objects"))) {
    throw new UsageError(`There is no archive in ${folder}: name its folder with --data.`);
  }
  const archive = await opened({
    folder,
    ...(database === undefined ? {} : { database }),
    ...(objects === undefined ? {} : { objects }),
    ...(duplicates === undefined ? {} : { duplicates }),
  });
  try {
    const audit = await openAuditOf(config);
    return {
      archive,
      audit,
      who: { user: `isocenter:${io.env["USER"] ?? io.env["USERNAME"] ?? "unknown"}` },
      async [Symbol.asyncDispose]() {
        await audit[Symbol.asyncDispose]();
        await archive.close();
      },
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function opened(options: Parameters<typeof LocalArchive.open>[0]): Promise<LocalArchive> {
  try {
    return await LocalArchive.open(options);
  } catch (error) {
    if (!(error instanceof ArchiveError && error.code === "data-folder-in-use")) throw error;
    throw new ArchiveError(
      error.code,
      `${error.message} This command works while no server runs: stop it first, or use the server's HTTP API.`,
      { cause: error },
    );
  }
}
