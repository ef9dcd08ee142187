/** `isocenter find`: C-FIND, as a table on a terminal and as JSON lines in a pipe. */
import type { QueryLevel } from "@isocenter/archive/image-source";
import { DataSet } from "@isocenter/dicom";
import {
  type FindModel,
  ModalityWorklistFind,
  PatientRootFind,
  PatientStudyOnlyFind,
  StudyRootFind,
  worklistKeys,
} from "@isocenter/network";
import { integerOption, type OptionSpecs, type OptionValues, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { findMatches, plainContext } from "../network/find-matches.ts";
import { column, formatOptions, MatchWriter } from "../network/matches.ts";
import { peerOptions, syntaxOption, syntaxPreferences } from "../network/options.ts";
import { keywordsOf, levelOf, queryOptions, readKeys } from "../network/query.ts";
import { Session } from "../network/session.ts";
import { type WebSession, webOptions, webSession } from "../network/web-session.ts";
import { worklistColumns } from "../network/worklist-columns.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...queryOptions,
  model: {
    ...queryOptions.model,
    flags: { ...queryOptions.model.flags, "-W": "worklist" },
    help: "Patient Root, Study Root, Patient/Study Only or worklist model (default Study Root; Patient Root for patients).",
  },
  limit: { names: ["-n", "--limit", "--cancel"], value: "N", help: "Stop after N matches (C-CANCEL)." },
  onlyKeys: {
    names: ["--only-keys"],
    help: "Ask for the given keys alone, without the usual ones of the level.",
  },
  ...formatOptions,
  ...peerOptions,
  ...webOptions,
  syntax: { ...syntaxOption, help: "Offer these for the query, in this order." },
} as const satisfies OptionSpecs;

const usualKeys: Readonly<Record<QueryLevel, readonly string[]>> = {
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
  usage: "PEER [QUERYFILE…] [-k KEY=VALUE]… [options]",
  description:
    "Values may hold the wildcards * and ?, dates the range 20240101-20241231, UIDs a list separated by backslashes.\nQuery files are DICOM files or DICOM JSON (.json) with keys in them.",
  options,
  examples: [
    {
      line: 'isocenter find 127.0.0.1:11112 -aec ISOCENTER -k "PatientName=LIND*"',
      explains: "studies of a patient",
    },
    {
      line: "isocenter find PACS@pacs.example.org:104 -L SERIES -k StudyInstanceUID=1.2.3 --json",
      explains: "the series of a study, as JSON lines",
    },
    {
      line: "isocenter find dicomweb:http://127.0.0.1:8104/dicom-web -k StudyDate=20240101-",
      explains: "the same over DICOMweb",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const web = await webSession(io, options, given, operands, ["syntax"]);
    if (web !== undefined) return findAtWeb(io, web, given);
    const session = await Session.open(io, given, operands);
    const keys = await readKeys(given.keys, session.rest);
    const { model, identifier, columns } =
      given.model === "worklist" ? worklistQuery(keys) : hierarchicalQuery(given, keys);
    const context = plainContext(model.sopClassUid, syntaxPreferences(given.syntax));
    const writer = new MatchWriter(io, given, columns);
    const { stopping } = session;
    const limit = limitOf(given);
    await session.with([context], async (association) => {
      for await (const match of findMatches(association, model, identifier, { stopping, ...limit }))
        writer.add(match);
    });
    writer.end();
    return ExitCode.Success;
  },
};

/** The same query as QIDO-RS, PS3.18 10.6. */
async function findAtWeb(
  io: Io,
  { peer, rest, stopping }: WebSession,
  given: OptionValues<typeof options>,
): Promise<number> {
  if (given.model === "worklist" || given.model === "patient-study-only")
    throw new UsageError(
      "-W and -O mean nothing at a DICOMweb service: it has patients, studies, series and instances.",
    );
  const keys = await readKeys(given.keys, rest);
  const { level, identifier, columns } = hierarchicalQuery(given, keys);
  const writer = new MatchWriter(io, given, columns);
  const query = { level, keys: identifier, ...limitOf(given) };
  for await (const match of peer.find(query, { signal: stopping })) writer.add(match);
  writer.end();
  return ExitCode.Success;
}

function limitOf({ limit }: { readonly limit: string | undefined }): { readonly limit?: number } {
  return limit === undefined ? {} : { limit: integerOption("--limit", limit, 1, 1_000_000) };
}

function worklistQuery(keys: DataSet) {
  return {
    model: ModalityWorklistFind,
    identifier: worklistKeys({}, keys.without("QueryRetrieveLevel")),
    columns: worklistColumns,
  };
}

function hierarchicalQuery(
  given: {
    readonly model: string | undefined;
    readonly level: string | undefined;
    readonly onlyKeys: boolean;
  },
  keys: DataSet,
) {
  const level = levelOf(given.level, keys) ?? "STUDY";
  const usual = given.onlyKeys ? [] : usualKeys[level];
  const keywords = [...new Set([...usual, ...keywordsOf(keys)])];
  const empty = DataSet.of(Object.fromEntries(usual.map((keyword) => [keyword, ""])));
  return {
    level,
    model: findModel(given.model, level),
    identifier: empty.merge(keys).with("QueryRetrieveLevel", level),
    columns: keywords.map((keyword) => column(keyword)),
  };
}

/** Patients are only in the Patient Root model; everything else is asked of the Study Root, which more peers have. */
function findModel(flag: string | undefined, level: QueryLevel): FindModel {
  if (flag === "patient-study-only") return PatientStudyOnlyFind;
  if (flag === "patient" || (flag === undefined && level === "PATIENT")) return PatientRootFind;
  return StudyRootFind;
}
