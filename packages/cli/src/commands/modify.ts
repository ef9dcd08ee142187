/** `isocenter modify`: set and erase elements of files. */
import { join } from "node:path";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { applyEdits, parseEdit, parseErasure } from "../edits.ts";
import { forEachFile, withFile, writeDicom } from "../files.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  set: {
    names: ["-m", "--modify", "-i", "--insert"],
    value: "KEY=VALUE",
    repeatable: true,
    help: "Set an element; several values are separated by backslashes.",
  },
  erase: { names: ["-e", "--erase"], value: "KEY", repeatable: true, help: "Take an element out." },
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Write there, and leave the originals (default: in place).",
  },
} as const satisfies OptionSpecs;

export const modify: Command = {
  name: "modify",
  summary: "Set and erase elements of DICOM files.",
  usage: "FILE|FOLDER… -m KEY=VALUE… [options]",
  description:
    "KEY is a keyword or a tag; items of sequences are numbered from 0: RequestAttributesSequence[0].RequestedProcedureID.",
  options,
  examples: [
    { line: "isocenter modify image.dcm -m PatientID=4711 -e AccessionNumber", explains: "in place" },
    {
      line: 'isocenter modify ./study -m "PatientName=Doe^Jane" -od ./edited',
      explains: "a folder, into another",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    const edits = [...given.set.map(parseEdit), ...given.erase.map(parseErasure)];
    if (edits.length === 0) throw new UsageError("Say what to change with -m or -e.");
    return forEachFile(operands, io, "modified", async ({ path, relativePath }, claim) => {
      const target = given.folder === undefined ? path : claim(join(given.folder, relativePath));
      await withFile(path, ({ dataSet, meta, transferSyntaxUid }) =>
        writeDicom(target, { dataSet: applyEdits(dataSet, edits), meta, transferSyntaxUid }),
      );
    });
  },
};
