/** `isocenter validate`: what is wrong with files. */
import { keywordOf, validate as validateDataSet, type Finding, formatTag } from "@isocenter/dicom";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { forEachFile, withFile } from "../files.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  json: { names: ["--json"], help: "One line of JSON per finding." },
  errors: { names: ["--errors-only"], help: "Leave out warnings." },
} as const satisfies OptionSpecs;

export const validate: Command = {
  name: "validate",
  summary: "Check DICOM files: values, multiplicities, character sets, modules.",
  usage: "FILE|FOLDER… [options]",
  description: "Exits with 1 when an error is found. Values are never printed.",
  options,
  examples: [{ line: "isocenter validate ./export --errors-only", explains: "before sending a study on" }],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    const tally = { files: 0, errors: 0, warnings: 0 };
    const code = await forEachFile(operands, io, "checked", ({ path }) =>
      withFile(path, ({ dataSet, warnings }) => {
        tally.files++;
        for (const { message } of warnings) io.stderr.write(`${printable(path)}: ${printable(message)}\n`);
        for (const finding of validateDataSet(dataSet)) {
          tally[finding.severity === "error" ? "errors" : "warnings"]++;
          if (given.errors && finding.severity !== "error") continue;
          io.stdout.write(
            given.json
              ? `${JSON.stringify({ file: path, ...finding })}\n`
              : `${printable(path)}: ${line(finding)}\n`,
          );
        }
        return Promise.resolve();
      }),
    );
    if (!given.json)
      io.stdout.write(`${tally.files} files, ${tally.errors} errors, ${tally.warnings} warnings\n`);
    return tally.errors > 0 ? ExitCode.Failure : code;
  },
};

function line({ severity, path, message }: Finding): string {
  return path === "" ? `${severity}: ${message}` : `${severity}: ${pathText(path)} ${message}`;
}

/** `00081115/0/0020000E` as `ReferencedSeriesSequence[0].SeriesInstanceUID`. */
function pathText(path: string): string {
  return path
    .split("/")
    .map((part, index) => {
      if (index % 2 === 1) return `[${part}].`;
      const tag = Number.parseInt(part, 16);
      return keywordOf(tag) || formatTag(tag);
    })
    .join("");
}
