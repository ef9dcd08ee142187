/** `isocenter dump`: a DICOM file as text or as DICOM JSON. */
import {
  type DataElement,
  type DataSet,
  dictionaryEntry,
  formatTag,
  toDicomJson,
  toNativeXml,
  uidName,
} from "@isocenter/dicom";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { forEachFile, withFile, withWholeFile } from "../files.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  json: { names: ["--json"], help: 'Print {"meta": …, "dataset": …} in DICOM JSON (PS3.18 F).' },
  xml: { names: ["--xml"], help: "Print the Native DICOM Model (PS3.19 A.1)." },
} as const satisfies OptionSpecs;

/** Longer values are cut in the text form; `--json` has them whole. */
const valueWidth = 64;

export const dump: Command = {
  name: "dump",
  summary: "Show what is in a DICOM file.",
  usage: "FILE|FOLDER… [options]",
  options,
  examples: [
    { line: "isocenter dump image.dcm", explains: "as text" },
    { line: "isocenter dump --json image.dcm | jq .dataset", explains: "as DICOM JSON" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the file.");
    const read = given.json || given.xml ? withWholeFile : withFile;
    return forEachFile(operands, io, "shown", ({ path }) =>
      read(path, ({ meta, dataSet }) => {
        if (given.json) {
          io.stdout.write(`${JSON.stringify({ meta: toDicomJson(meta), dataset: toDicomJson(dataSet) })}\n`);
        } else if (given.xml) {
          io.stdout.write(toNativeXml(dataSet));
        } else {
          if (operands.length > 1) io.stdout.write(`# ${printable(path)}\n`);
          for (const part of [meta, dataSet]) for (const line of lines(part, 0)) io.stdout.write(`${line}\n`);
        }
        return Promise.resolve();
      }),
    );
  },
};

function* lines(dataSet: DataSet, depth: number): Generator<string> {
  const indent = "  ".repeat(depth);
  for (const element of dataSet) {
    const name = dictionaryEntry(element.tag)?.keyword ?? "";
    yield `${indent}${formatTag(element.tag)} ${element.vr} ${valueText(dataSet, element)}  # ${name}`;
    if (element.vr !== "SQ") continue;
    for (const [index, item] of dataSet.items(element.tag).entries()) {
      yield `${indent}  item ${index + 1}`;
      yield* lines(item, depth + 2);
    }
  }
}

function valueText(dataSet: DataSet, { tag, vr, bulk, fragments }: DataElement): string {
  if (bulk !== undefined) return `(${bulk.length} bytes)`;
  if (fragments !== undefined) return `(${fragments.fragments.length} fragments)`;
  if (vr === "SQ") return `${dataSet.items(tag).length} item(s)`;
  if (["OB", "OW", "OF", "OD", "OL", "OV", "UN"].includes(vr)) {
    const bytes = dataSet.bytes(tag);
    return bytes === undefined ? "(binary)" : `(${bytes.byteLength} bytes)`;
  }
  const text = printable(dataSet.strings(tag).join("\\"));
  if (text === "") return "(no value)";
  const shown = text.length > valueWidth ? `${text.slice(0, valueWidth)}…` : text;
  const meaning = vr === "UI" ? uidName(text) : undefined;
  return meaning === undefined ? `[${shown}]` : `[${shown}] ${meaning}`;
}
