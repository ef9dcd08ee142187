/** `isocenter get`: C-GET, the instances on the same association. */
import {
  type PresentationContextProposal,
  type RetrieveProgress,
  type RetrieveResult,
  statusOf,
  Verification,
} from "@isocenter/network";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import type { IncomingFolder } from "../incoming/incoming-folder.ts";
import { DeliveryTally } from "../incoming/delivery-tally.ts";
import { incomingFolder, incomingOptions } from "../incoming/options.ts";
import { storeHandler } from "../incoming/store-handler.ts";
import { plainContext } from "../network/find-matches.ts";
import { peerOptions, syntaxOption, syntaxPreferences } from "../network/options.ts";
import { levelOf, queryOptions, type QueryModel, readKeys } from "../network/query.ts";
import { resultOfFailure, RetrieveReport } from "../network/retrieve-report.ts";
import { identifierOf, retrieveModels, type Selection, Wanted } from "../network/selection.ts";
import { Session } from "../network/session.ts";
import { retrieveFromWeb } from "../network/retrieve-from-web.ts";
import { webOptions, webSession } from "../network/web-session.ts";
import { allClasses, attempts, type ClassesToOffer, classesOf } from "../network/storage-contexts.ts";

const options = {
  ...queryOptions,
  ...incomingOptions,
  json: { names: ["--json"], help: "One line of JSON per instance, and one with the result." },
  ...peerOptions,
  ...webOptions,
  syntax: { ...syntaxOption, help: "Take instances in these, in this order (default: as stored)." },
} as const satisfies OptionSpecs;

export const get: Command = {
  name: "get",
  summary: "Retrieve studies, series or instances over the same connection (C-GET).",
  usage: "PEER [QUERYFILE…] -k KEY=VALUE… [-od DIR] [options]",
  description: `Keys other than UIDs and the patient ID, such as a date, are resolved with C-FIND first. The presentation contexts
are chosen from the SOP classes that the studies really have.`,
  options,
  examples: [
    {
      line: "isocenter get PACS@pacs.example.org:104 -k StudyInstanceUID=1.2.3 -od ./study",
      explains: "a study",
    },
    {
      line: "isocenter get PACS@pacs.example.org:104 -k PatientID=4711 -k Modality=CT --name {StudyDate}/{SOPInstanceUID}.dcm -od ./ct",
      explains: "all CT series of a patient, by date",
    },
    {
      line: "isocenter get dicomweb:https://pacs.example.org/dicom-web --token-file token -k StudyInstanceUID=1.2.3",
      explains: "a study over DICOMweb",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const web = await webSession(io, options, given, operands, ["syntax"]);
    const peer = web ?? (await Session.open(io, given, operands));
    const keys = await readKeys(given.keys, peer.rest);
    const wanted = new Wanted(given.model as QueryModel | undefined, levelOf(given.level, keys), keys);
    await using folder = await incomingFolder(given);
    const tally = new DeliveryTally(io, { asJson: given.json, tellEach: given.verbose || given.debug });
    if (!(peer instanceof Session)) return await retrieveFromWeb(io, peer, wanted, folder, tally, given.json);
    const session = peer;
    const { selections, classes } = await plan(session, wanted);
    const report = new RetrieveReport();
    const outcomes = selections.map((selection) => new SelectionOutcome(selection));
    try {
      for (const contexts of attempts(classes, syntaxPreferences(given.syntax), 1)) {
        await retrieve({ session, wanted, outcomes, folder, tally }, contexts);
        if (outcomes.every(({ isComplete }) => isComplete) || session.stopping.aborted) break;
      }
    } finally {
      tally.end("received");
    }
    session.stopping.throwIfAborted();
    for (const outcome of outcomes) report.add(outcome.result());
    if (selections.length === 0) io.stderr.write("Nothing matches the keys.\n");
    report.write(io, given.json);
    return report.isComplete && tally.failed === 0 && selections.length > 0
      ? ExitCode.Success
      : ExitCode.Failure;
  },
};

/** What to ask for, and in which classes it will come. */
async function plan(
  session: Session,
  wanted: Wanted,
): Promise<{ selections: readonly Selection[]; classes: ClassesToOffer }> {
  const { stopping } = session;
  const contexts = [plainContext(Verification.sopClassUid), plainContext(wanted.find.sopClassUid)];
  return session.with(contexts, async (association) => {
    const canFind = association.accepted.contexts[1]?.result === "acceptance";
    if (wanted.direct !== undefined && !canFind)
      return { selections: [wanted.direct], classes: allClasses() };
    const selections: Selection[] = [];
    for await (const selection of wanted.resolve(association, stopping)) selections.push(selection);
    return { selections, classes: await classesOf(association, wanted, selections, stopping) };
  });
}

/** What came of a selection, over all associations. */
class SelectionOutcome {
  readonly selection: Selection;
  readonly arrived = new Set<string>();
  #last: RetrieveResult | undefined;
  #total = 0;

  constructor(selection: Selection) {
    this.selection = selection;
  }

  add(result: RetrieveResult): void {
    this.#last = result;
    this.#total = Math.max(
      this.#total,
      (result.completed ?? 0) + (result.warning ?? 0) + (result.failed ?? 0),
    );
  }

  get #missing(): number {
    return Math.max(0, this.#total - this.arrived.size);
  }

  get isComplete(): boolean {
    return (
      this.#last !== undefined &&
      this.#missing === 0 &&
      (this.#total > 0 || this.#last.status.category === "success")
    );
  }

  /** Counted by what is here, because an instance may have failed on one association and come on the next. */
  result(): RetrieveResult {
    const { status, failedSopInstanceUids: failed } = this.#last ?? {
      status: statusOf(0),
      failedSopInstanceUids: [],
    };
    return {
      status,
      remaining: undefined,
      completed: this.arrived.size,
      warning: 0,
      failed: this.#missing,
      failedSopInstanceUids: failed.filter((uid) => !this.arrived.has(uid)),
    };
  }
}

interface Retrieving {
  readonly session: Session;
  readonly wanted: Wanted;
  readonly outcomes: readonly SelectionOutcome[];
  readonly folder: IncomingFolder;
  readonly tally: DeliveryTally;
}

/** All that is not complete, over one association. */
async function retrieve(
  { session, wanted, outcomes, folder, tally }: Retrieving,
  contexts: readonly PresentationContextProposal[],
): Promise<void> {
  const model = retrieveModels[wanted.model].get;
  const { stopping } = session;
  await session.with([plainContext(model.sopClassUid), ...contexts], async (association) => {
    for (const outcome of outcomes.filter(({ isComplete }) => !isComplete)) {
      if (stopping.aborted) break;
      const onStore = storeHandler(folder, (delivery) => {
        const isNew = !outcome.arrived.has(delivery.sopInstanceUid);
        if (delivery.kind !== "failed" && delivery.kind !== "refused")
          outcome.arrived.add(delivery.sopInstanceUid);
        if (isNew) tally.add(delivery);
      });
      const onProgress = ({ remaining, completed = 0, failed = 0, warning = 0 }: RetrieveProgress): void => {
        const isOnly = outcomes.length === 1 && remaining !== undefined;
        if (isOnly) tally.progress.expect(remaining + completed + failed + warning);
      };
      const identifier = identifierOf(outcome.selection);
      outcome.add(
        await association
          .get(model, identifier, { onStore, cancel: stopping, onProgress })
          .catch(resultOfFailure),
      );
    }
  });
}
