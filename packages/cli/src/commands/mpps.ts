/** `isocenter mpps`: tells a manager that an examination begins, and how it ended (MPPS). */
import { DataSet } from "@isocenter/dicom";
import {
  beginPerformedStep,
  endOfStep,
  mppsContext,
  performedStepOf,
  setPerformedStep,
} from "@isocenter/network";
import { type OptionSpecs, type OptionValues, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { applyEdits, parseEdit } from "../edits.ts";
import { dicomDate, dicomTime } from "../network/dates.ts";
import { peerOptions } from "../network/options.ts";
import { performedSeries } from "../network/performed-series.ts";
import { queryFile, queryOptions } from "../network/query.ts";
import { Session } from "../network/session.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  item: {
    names: ["--item"],
    value: "FILE",
    help: "begin: the worklist item, as `isocenter worklist --json` or a DICOM file has it.",
  },
  modality: {
    names: ["--modality"],
    value: "CT|MR|…",
    help: "begin: default that of the item's scheduled step.",
  },
  stepId: {
    names: ["--step-id"],
    value: "ID",
    help: "begin: the modality's own number for the step (default the time).",
  },
  station: { names: ["--station"], value: "NAME", help: "begin: the station's name." },
  uid: {
    names: ["--uid"],
    value: "UID",
    help: "Of the step; `begin` makes one when it is left out, and prints it.",
  },
  reason: {
    names: ["--reason"],
    value: "CODE^SCHEME^MEANING",
    help: "discontinue: why, for instance 110514^DCM^Incorrect worklist entry selected.",
  },
  keys: { ...queryOptions.keys, value: "KEY=VALUE", help: "An attribute to set beside those that are made." },
  json: { names: ["--json"], help: "Print one line of JSON." },
  ...peerOptions,
} as const satisfies OptionSpecs;

type Given = OptionValues<typeof options>;

export const mpps: Command = {
  name: "mpps",
  summary: "Tell that an examination begins, and how it ended (a performed procedure step).",
  usage: "begin|complete|discontinue PEER [FILE|FOLDER…] [options]",
  description: `begin makes the step from a worklist item and prints its UID; complete and discontinue end it, with the series of
the files that were made.`,
  options,
  examples: [
    {
      line: "isocenter mpps begin RIS@ris.example.org:104 --item item.json -aet CT1",
      explains: "the examination of a worklist item begins; prints the step's UID",
    },
    {
      line: "isocenter mpps complete RIS@ris.example.org:104 --uid 2.25.123 ./images",
      explains: "it is complete, with these images",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const [action, ...rest] = operands;
    if (action !== "begin" && action !== "complete" && action !== "discontinue")
      throw new UsageError("Say begin, complete or discontinue.");
    const session = await Session.open(io, given, rest);
    const uid = action === "begin" ? await begin(session, given) : await end(session, given, action);
    const status = { begin: "IN PROGRESS", complete: "COMPLETED", discontinue: "DISCONTINUED" }[action];
    tell(io, given.json, uid, status);
    return ExitCode.Success;
  },
};

async function begin(session: Session, given: Given): Promise<string> {
  if (given.item === undefined) throw new UsageError("Name the worklist item with --item FILE.");
  if (session.rest.length > 0)
    throw new UsageError("begin takes no files: they are named when the step ends.");
  const item = await queryFile(given.item);
  const [scheduled] = item.items("ScheduledProcedureStepSequence");
  const modality = given.modality ?? scheduled?.string("Modality");
  if (modality === undefined) throw new UsageError("The item names no modality: give one with --modality.");
  const now = new Date();
  const step = performedStepOf(item, {
    stepId: given.stepId ?? `${dicomDate(now)}${dicomTime(now)}`,
    aeTitle: session.peer.callingAeTitle,
    modality,
    startDate: dicomDate(now),
    startTime: dicomTime(now),
    ...(given.station === undefined ? {} : { stationName: given.station }),
  });
  const attributes = applyEdits(step, given.keys.map(parseEdit));
  const named = given.uid === undefined ? {} : { sopInstanceUid: given.uid };
  return session.with([mppsContext], (association) => beginPerformedStep(association, attributes, named));
}

async function end(session: Session, given: Given, action: "complete" | "discontinue"): Promise<string> {
  const { uid } = given;
  if (uid === undefined) throw new UsageError("Name the step with --uid, as `mpps begin` printed it.");
  if (action === "complete" && session.rest.length === 0)
    throw new UsageError("Name the files that were made: a complete step tells its series.");
  const now = new Date();
  const ended = endOfStep(action === "complete" ? "COMPLETED" : "DISCONTINUED", {
    date: dicomDate(now),
    time: dicomTime(now),
    series: await performedSeries(session.rest),
  });
  const modifications = applyEdits(ended.merge(reasonOf(given.reason)), given.keys.map(parseEdit));
  await session.with([mppsContext], (association) => setPerformedStep(association, uid, modifications));
  return uid;
}

function reasonOf(text: string | undefined): DataSet {
  if (text === undefined) return DataSet.empty;
  const [CodeValue, CodingSchemeDesignator, CodeMeaning] = text.split("^");
  if (CodeValue === undefined || CodingSchemeDesignator === undefined || CodeMeaning === undefined)
    throw new UsageError(`"${text}" is not CODE^SCHEME^MEANING.`);
  return DataSet.of({
    PerformedProcedureStepDiscontinuationReasonCodeSequence: [
      { CodeValue, CodingSchemeDesignator, CodeMeaning },
    ],
  });
}

function tell(io: Io, asJson: boolean, sopInstanceUid: string, status: string): void {
  io.stdout.write(asJson ? `${JSON.stringify({ sopInstanceUid, status })}\n` : `${sopInstanceUid}\n`);
}
