/** `isocenter find`: C-FIND, as a table on a terminal and as JSON lines in a pipe. */
import { DimsePeer, type QueryLevel, queryLevels } from "@isocenter/archive";
import { DataSet, type DataSetInit, formatTag, keywordOf, parseTag, toDicomJson } from "@isocenter/dicom";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { peerOperand, peerOptions } from "../peer-options.ts";
import { table } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...peerOptions,
  keys: {
    names: ["-k", "--key"],
    value: "KEY[=VALUE]",
    repeatable: true,
    help: "A matching key, or a key to return when there is no value; keyword or tag.",
  },
  level: {
    names: ["-L", "--level"],
    value: "LEVEL",
    help: "PATIENT, STUDY, SERIES or IMAGE (default STUDY).",
  },
  limit: { names: ["-n", "--limit"], value: "N", help: "Stop after N matches (C-CANCEL)." },
  json: { names: ["--json"], help: "One line of DICOM JSON per match; the default in a pipe." },
  table: { names: ["--table"], help: "A table; the default on a terminal." },
} as const satisfies OptionSpecs;

const columns: Readonly<Record<QueryLevel, readonly string[]>> = {
  PATIENT: ["PatientID", "PatientName", "PatientBirthDate", "PatientSex"],
  STUDY: [
    "PatientID",
    "PatientName",
    "StudyDate",
    "ModalitiesInStudy",
    "StudyDescription",
    "AccessionNumber",
    "StudyInstanceUID",
  ],
  SERIES: [
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "NumberOfSeriesRelatedInstances",
    "SeriesInstanceUID",
  ],
  IMAGE: ["InstanceNumber", "SOPClassUID", "SOPInstanceUID"],
};

export const find: Command = {
  name: "find",
  summary: "Query a DICOM peer for patients, studies, series or instances (C-FIND).",
  usage: "HOST:PORT [-k KEY=VALUE]… [options]",
  description:
    "Values may hold the wildcards * and ?, dates the range 20240101-20241231, UIDs a list separated by backslashes.",
  options,
  examples: [
    {
      line: 'isocenter find 127.0.0.1:11112 -aec ISOCENTER -k "PatientName=LIND*"',
      explains: "studies of a patient",
    },
    {
      line: "isocenter find pacs:104 -aec PACS -L SERIES -k StudyInstanceUID=1.2.3 --json",
      explains: "the series of a study, as JSON lines",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const { peer, rest } = peerOperand(operands, given);
    if (rest.length > 0) throw new UsageError(`What is "${rest.join(" ")}"? Keys are given with -k.`);
    const { level, criteria } = readKeys(given.keys, given.level);
    const keywords = [...new Set([...columns[level], ...criteria.keys()])];
    const init: Record<string, string | readonly string[]> = {};
    for (const keyword of keywords) init[keyword] = criteria.get(keyword) ?? "";
    const limit =
      given.limit === undefined ? {} : { limit: integerOption("--limit", given.limit, 1, 1_000_000) };
    const asJson = given.json || (!given.table && io.stdout.isTTY !== true);

    const rows: string[][] = [];
    let count = 0;
    const query = { level, keys: DataSet.of(init as DataSetInit), ...limit };
    for await (const match of new DimsePeer(peer).find(query, { signal: io.signal })) {
      count++;
      if (asJson) io.stdout.write(`${JSON.stringify(toDicomJson(match))}\n`);
      else rows.push(keywords.map((keyword) => match.strings(keyword).join("\\")));
    }
    if (!asJson) {
      if (count > 0) io.stdout.write(table(keywords, rows, io.stdout.columns));
      io.stdout.write(`${count === 0 ? "no match" : count === 1 ? "1 match" : `${count} matches`}\n`);
    }
    return ExitCode.Success;
  },
};

/** `-k QueryRetrieveLevel=SERIES`, as findscu users write it, names the level too. */
function readKeys(
  keys: readonly string[],
  levelOption: string | undefined,
): { level: QueryLevel; criteria: Map<string, string | readonly string[]> } {
  const criteria = new Map<string, string | readonly string[]>();
  let levelName = levelOption;
  for (const key of keys) {
    const equals = key.indexOf("=");
    const name = equals < 0 ? key : key.slice(0, equals);
    const value = equals < 0 ? "" : key.slice(equals + 1);
    const tag = parseTag(name);
    if (tag === undefined) throw new UsageError(`"${name}" is not a DICOM keyword or tag.`);
    const keyword = keywordOf(tag);
    if (keyword === undefined) throw new UsageError(`${formatTag(tag)} is not in the dictionary.`);
    if (keyword === "QueryRetrieveLevel") levelName ??= value;
    else criteria.set(keyword, value.includes("\\") ? value.split("\\") : value);
  }
  const wanted = (levelName ?? "STUDY").toUpperCase();
  const level = queryLevels.find((one) => one === (wanted === "INSTANCE" ? "IMAGE" : wanted));
  if (level === undefined)
    throw new UsageError(`"${wanted}" is not a level: use PATIENT, STUDY, SERIES or IMAGE.`);
  return { level, criteria };
}
