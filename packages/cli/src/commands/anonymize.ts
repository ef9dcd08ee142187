/** `isocenter anonymize`: de-identified copies of files. */
import { randomBytes } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Deidentifier, deidentificationOptions, type DeidentificationOption } from "@isocenter/dicom";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { applyEdits, parseEdit } from "../edits.ts";
import { forEachFile, withFile, writeDicom } from "../files.ts";
import { UsageError } from "../usage-error.ts";

const names = deidentificationOptions.map((name) => name.replaceAll("_", "-"));

const options = {
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Where to write, as STUDY/SERIES/INSTANCE.dcm by the new UIDs.",
  },
  option: {
    names: ["--option"],
    value: "NAME",
    repeatable: true,
    help: `Option of PS3.15 Annex E: ${names.join(", ")}.`,
  },
  secret: {
    names: ["--secret-file"],
    value: "FILE",
    help: "The same secret gives the same UIDs and dates; ISOCENTER_SECRET does too (default: a new one for this run).",
  },
  set: {
    names: ["-m", "--modify"],
    value: "KEY=VALUE",
    repeatable: true,
    help: "Set an element afterwards, such as a study's own patient ID.",
  },
  report: {
    names: ["--report"],
    value: "FILE",
    help: "What was done, a line of JSON per file, without values.",
  },
} as const satisfies OptionSpecs;

export const anonymize: Command = {
  name: "anonymize",
  summary: "Write de-identified copies by PS3.15 Annex E.",
  usage: "FILE|FOLDER… -od DIR [options]",
  description:
    "References between the files stay whole: the same UID becomes the same new one. Pixels are not changed; a warning says where they may show names.",
  options,
  examples: [
    { line: "isocenter anonymize ./study -od ./shared -m PatientID=CASE-17", explains: "the basic profile" },
    {
      line: "isocenter anonymize ./cohort -od ./out --option retain-long-modified-dates --secret-file key",
      explains: "intervals between dates stay",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    const { folder } = given;
    if (folder === undefined) throw new UsageError("Say where to write with -od.");
    const edits = given.set.map(parseEdit);
    const secret =
      given.secret === undefined
        ? (io.env["ISOCENTER_SECRET"] ?? randomBytes(32))
        : await readFile(given.secret);
    const deidentifier = new Deidentifier({ secret, options: given.option.map(optionNamed) });
    const warned = new Map<string, number>();
    const code = await forEachFile(operands, io, "de-identified", ({ path }) =>
      withFile(path, async ({ dataSet, transferSyntaxUid }) => {
        const { dataSet: clean, report, warnings } = await deidentifier.deidentify(dataSet);
        const edited = applyEdits(clean, edits);
        const [study = "study", series = "series", instance = "instance"] = [
          "StudyInstanceUID",
          "SeriesInstanceUID",
          "SOPInstanceUID",
        ].map((keyword) => edited.string(keyword));
        const target = join(folder, fileName(study), fileName(series), `${fileName(instance)}.dcm`);
        await writeDicom(target, { dataSet: edited, transferSyntaxUid });
        for (const warning of warnings) warned.set(warning, (warned.get(warning) ?? 0) + 1);
        if (given.report !== undefined)
          await appendFile(given.report, `${JSON.stringify({ file: target, report, warnings })}\n`);
      }),
    );
    for (const [warning, count] of warned)
      io.stderr.write(`${count} ${count === 1 ? "file" : "files"}: ${warning}\n`);
    return code;
  },
};

/** With retained UIDs the file's own get here, and nobody vouches for them. */
function fileName(uid: string): string {
  return /^[0-9]+(\.[0-9]+)*$/.test(uid) && uid.length <= 64 ? uid : "unnamed";
}

function optionNamed(name: string): DeidentificationOption {
  const found = deidentificationOptions.find((one) => one === name.replaceAll("-", "_"));
  if (found === undefined)
    throw new UsageError(`"${name}" is not an option of PS3.15 Annex E: use ${names.join(", ")}.`);
  return found;
}
