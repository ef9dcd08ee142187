/** `isocenter worklist`: what is scheduled (a modality worklist query). */
import { ModalityWorklistFind, worklistKeys } from "@isocenter/network";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { dateOption } from "../network/dates.ts";
import { findMatches, plainContext } from "../network/find-matches.ts";
import { formatOptions, MatchWriter } from "../network/matches.ts";
import { peerOptions } from "../network/options.ts";
import { queryOptions, readKeys } from "../network/query.ts";
import { Session } from "../network/session.ts";
import { worklistColumns } from "../network/worklist-columns.ts";

const options = {
  modality: { names: ["--modality"], value: "CT|MR|…", help: "Of the scheduled step." },
  date: {
    names: ["--date"],
    value: "DATE",
    help: "today (default), tomorrow, yesterday, YYYYMMDD, a range YYYYMMDD-YYYYMMDD, or any.",
  },
  station: { names: ["--station"], value: "AE", help: "AE title of the scheduled station; `me` is our own." },
  patientId: { names: ["--patient-id"], value: "ID", help: "Of one patient." },
  patientName: { names: ["--patient-name"], value: "NAME", help: "With wildcards: LIND*." },
  accession: { names: ["--accession"], value: "NUMBER", help: "Of one order." },
  keys: queryOptions.keys,
  limit: { names: ["-n", "--limit"], value: "N", help: "Stop after N items (C-CANCEL)." },
  ...formatOptions,
  ...peerOptions,
} as const satisfies OptionSpecs;

export const worklist: Command = {
  name: "worklist",
  summary: "Show what is scheduled (a modality worklist query).",
  usage: "PEER [QUERYFILE…] [options]",
  options,
  examples: [
    { line: "isocenter worklist RIS@ris.example.org:104 --modality CT", explains: "today's CT examinations" },
    {
      line: "isocenter worklist RIS@ris.example.org:104 --accession A4711 --date any --json > item.json",
      explains: "one order, for `isocenter mpps begin --item item.json`",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const session = await Session.open(io, given, operands);
    const more = await readKeys(given.keys, session.rest);
    const scheduledDate = dateOption(given.date ?? "today", new Date());
    const station = given.station === "me" ? session.peer.callingAeTitle : given.station;
    const criteria = Object.entries({
      modality: given.modality,
      scheduledDate,
      scheduledStationAeTitle: station,
      patientId: given.patientId,
      patientName: given.patientName,
      accessionNumber: given.accession,
    }).filter(([, value]) => value !== undefined);
    const keys = worklistKeys(Object.fromEntries(criteria), more);
    const limit =
      given.limit === undefined ? {} : { limit: integerOption("--limit", given.limit, 1, 1_000_000) };
    const writer = new MatchWriter(io, given, worklistColumns);
    const { stopping } = session;
    await session.with([plainContext(ModalityWorklistFind.sopClassUid)], async (association) => {
      for await (const item of findMatches(association, ModalityWorklistFind, keys, { stopping, ...limit }))
        writer.add(item);
    });
    writer.end();
    return ExitCode.Success;
  },
};
