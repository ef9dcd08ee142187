/** `isocenter dicomdir`: what a DICOMDIR lists, and file-sets for media. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type DirectoryEntry,
  type DirectoryRecord,
  encodeDirectory,
  readDirectory,
  walkRecords,
} from "@isocenter/dicom";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { forEachFile, withFile, withWholeFile, writeChunks } from "../files.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Make a file-set there: copies with short names, and a DICOMDIR.",
  },
  id: { names: ["--file-set-id"], value: "NAME", help: "Up to 16 capital letters, digits and underscores." },
} as const satisfies OptionSpecs;

export const dicomdir: Command = {
  name: "dicomdir",
  summary: "List a DICOMDIR, or make a file-set for a CD or a stick.",
  usage: "DICOMDIR | FILE|FOLDER… -od DIR",
  options,
  examples: [
    { line: "isocenter dicomdir /media/cdrom/DICOMDIR", explains: "what is on it" },
    { line: "isocenter dicomdir ./study -od ./cd", explains: "a file-set to burn" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const [first] = operands;
    if (first === undefined) throw new UsageError("Name a DICOMDIR, or files with -od.");
    if (given.folder !== undefined) return makeFileSet(operands, given.folder, given.id, io);
    const records = await withWholeFile(first, ({ dataSet }) => Promise.resolve(readDirectory(dataSet)));
    for (const { record, depth } of walkRecords(records))
      io.stdout.write(`${"  ".repeat(depth)}${describe(record)}\n`);
    return ExitCode.Success;
  },
};

const keys: Readonly<Record<string, readonly string[]>> = {
  PATIENT: ["PatientID", "PatientName"],
  STUDY: ["StudyDate", "StudyDescription", "StudyInstanceUID"],
  SERIES: ["Modality", "SeriesNumber", "SeriesDescription"],
};

function describe({ type, dataSet, fileId }: DirectoryRecord): string {
  const values = (keys[type] ?? ["InstanceNumber"]).flatMap((keyword) => dataSet.string(keyword) ?? []);
  return printable([type, ...values, fileId?.join("/") ?? ""].filter((part) => part !== "").join("  "));
}

async function makeFileSet(
  operands: readonly string[],
  folder: string,
  id: string | undefined,
  io: Parameters<Command["run"]>[1],
): Promise<number> {
  if (id !== undefined && !/^[A-Z0-9_ ]{1,16}$/.test(id))
    throw new UsageError(`"${id}" is not a file-set ID.`);
  const entries: DirectoryEntry[] = [];
  const seriesFolders = new Map<string, { readonly path: readonly string[]; count: number }>();
  const code = await forEachFile(operands, io, "copied", ({ path }) =>
    withFile(path, async ({ dataSet, transferSyntaxUid }) => {
      const seriesUid = dataSet.string("SeriesInstanceUID") ?? "";
      const known = seriesFolders.get(seriesUid);
      const series = known ?? { path: ["DICOM", numbered("S", seriesFolders.size + 1)], count: 0 };
      if (known === undefined) seriesFolders.set(seriesUid, series);
      const fileId = [...series.path, numbered("I", ++series.count)];
      await mkdir(join(folder, ...series.path), { recursive: true });
      await copyFile(path, join(folder, ...fileId));
      entries.push({ dataSet, transferSyntaxUid, fileId });
    }),
  );
  if (entries.length > 0) {
    await writeChunks(join(folder, "DICOMDIR"), [
      encodeDirectory(entries, id === undefined ? {} : { fileSetId: id }),
    ]);
    io.stdout.write(`${entries.length} instances, listed in ${join(folder, "DICOMDIR")}\n`);
  }
  return code;
}

const numbered = (letter: string, number: number): string => letter + String(number).padStart(7, "0");
