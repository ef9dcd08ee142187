/** Whether the peer can be reached, and by which AE titles. */
import { NetworkError } from "../errors.ts";
import { Verification } from "../services/models.ts";
import { type Examination, failureOf, nobody, plain, type Titles } from "./examination.ts";
import type { DoctorOptions, Facts, Failure, TitleTrial } from "./types.ts";

export async function reach(
  examination: Examination,
  { callingAeTitle, calledAeTitle = "ANY-SCP" }: DoctorOptions,
): Promise<Facts> {
  const start = examination.clock.now();
  const outcome = await examination.probe("reach", () =>
    attempt(examination, { callingAeTitle, calledAeTitle }),
  );
  const ms = examination.clock.now() - start;
  if (outcome === undefined) {
    const failure = examination.probes.at(-1)?.failure;
    return { reach: { outcome: "silent", ms, ...(failure === undefined ? {} : { failure }) } };
  }
  const { facts, failure } = outcome;
  const reached = { outcome: outcomeOf(failure), ms, ...(failure === undefined ? {} : { failure }) };
  return { ...facts, reach: reached };
}

/** Tries other titles until one is let in. @returns what was tried, and the pair that works */
export async function findTitles(
  examination: Examination,
  { host, callingAeTitle, calledAeTitle }: DoctorOptions,
): Promise<Facts> {
  const trials: TitleTrial[] = [];
  let facts: Facts = {};
  await examination.probe("titles", async () => {
    let calling = callingAeTitle;
    for (const called of calledCandidates(host, calledAeTitle)) {
      const outcome = await attempt(examination, { callingAeTitle: calling, calledAeTitle: called });
      trials.push(trialOf(calling, called, outcome.failure));
      if (outcome.failure === undefined) {
        facts = outcome.facts;
        return;
      }
      if (outcome.failure.reason !== "calling-AE-title-not-recognized") continue;
      // The peer goes by this title; what it does not know is us.
      for (const other of callingCandidates(callingAeTitle, called)) {
        const again = await attempt(examination, { callingAeTitle: other, calledAeTitle: called });
        trials.push(trialOf(other, called, again.failure));
        if (again.failure !== undefined) continue;
        calling = other;
        facts = again.facts;
        return;
      }
      return;
    }
  });
  return { ...facts, trials };
}

/** Whether the peer lets in who calls it by another name, and who it cannot know. */
export async function strictness(examination: Examination, titles: Titles): Promise<Facts> {
  const facts = await examination.probe("strictness", async (): Promise<Facts> => {
    const called = await attempt(examination, { ...titles, calledAeTitle: nobody });
    const calling = await attempt(examination, { ...titles, callingAeTitle: nobody });
    return { checksCalled: called.failure !== undefined, checksCalling: calling.failure !== undefined };
  });
  return facts ?? {};
}

async function attempt(
  examination: Examination,
  titles: Titles,
): Promise<{ readonly facts: Facts; readonly failure?: Failure }> {
  try {
    return await examination.with(titles, [plain(Verification.sopClassUid)], ({ association }) => {
      const { implementationClassUid, implementationVersionName, maximumPduLength } = association.accepted;
      const facts: Facts = {
        ...titles,
        maximumPduLength,
        implementation: {
          classUid: implementationClassUid,
          ...(implementationVersionName === undefined ? {} : { versionName: implementationVersionName }),
        },
      };
      return Promise.resolve({ facts });
    });
  } catch (error) {
    // A peer that says no is an answer; one that says nothing ends the probe.
    if (!(error instanceof NetworkError)) throw error;
    return { facts: {}, failure: failureOf(error) };
  }
}

function outcomeOf(failure: Failure | undefined): NonNullable<Facts["reach"]>["outcome"] {
  switch (failure?.code) {
    case undefined:
      return "associated";
    case "association-rejected":
      return "rejected";
    case "association-aborted":
    case "connection-closed":
    case "connection-failed": // reset: some hang up so when they expected TLS
      return "aborted";
    case "wrong-protocol":
    case "protocol-violated":
      return "no-dicom";
    case "association-timeout":
    case "dimse-timeout":
    case "artim-timeout":
      return "silent";
    default:
      return "unreachable";
  }
}

const trialOf = (
  callingAeTitle: string,
  calledAeTitle: string,
  failure: Failure | undefined,
): TitleTrial => ({
  callingAeTitle,
  calledAeTitle,
  accepted: failure === undefined,
  ...(failure === undefined ? {} : { failure }),
});

/** The given one in other writings first, then what hosts and products are often called. */
function calledCandidates(host: string, given: string | undefined): string[] {
  const label = /^[\d.:]+$/.test(host) ? "" : (host.split(".")[0] ?? "");
  return distinct([given, given?.toUpperCase(), given?.toLowerCase(), "ANY-SCP", label.toUpperCase(), label]);
}

function callingCandidates(given: string, called: string): string[] {
  return distinct([given.toUpperCase(), given.toLowerCase(), called]).filter((title) => title !== given);
}

function distinct(titles: readonly (string | undefined)[]): string[] {
  return [...new Set(titles)].filter(
    (title): title is string => title !== undefined && /^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(title),
  );
}
