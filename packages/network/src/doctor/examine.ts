/**
 * The doctor: finds out what a DICOM peer does and does not, from the outside and without changing anything at it.
 *
 * It needs nothing but a way to open associations, and every probe is bounded in time.
 */
import { Examination, type Titles } from "./examination.ts";
import { administratorText, findingsOf, verdictOf } from "./findings.ts";
import { limits, services, storage, syntaxes } from "./negotiation.ts";
import { charset, echo, get, move, query, store, worklist } from "./operations.ts";
import { findTitles, reach, strictness } from "./reach.ts";
import { recogniseProtocol } from "../upper-layer/wrong-protocol.ts";
import type { DoctorEnvironment, DoctorOptions, DoctorReport, Facts, ProbeName } from "./types.ts";
import { ModalityWorklistFind, StudyRootFind, StudyRootGet, StudyRootMove } from "../services/models.ts";

/** @throws the reason of the caller's signal; anything that goes wrong with the peer is in the report */
export async function examine(environment: DoctorEnvironment, options: DoctorOptions): Promise<DoctorReport> {
  const startedAt = new Date();
  const examination = new Examination(environment, options, planOf(environment, options));
  const facts = await factsOf(examination, environment, options, startedAt);
  const findings = findingsOf(facts, options);
  const verdict = verdictOf(facts, findings);
  const text = administratorText(facts, options, findings);
  return {
    host: options.host,
    port: options.port,
    startedAt: startedAt.toISOString(),
    ms: examination.ms,
    verdict,
    facts,
    probes: examination.probes,
    findings,
    ...(text === undefined ? {} : { administratorText: text }),
  };
}

function planOf({ tryTls, tryText }: DoctorEnvironment, { storeTest }: DoctorOptions): ProbeName[] {
  const before: ProbeName[] = [
    "reach",
    ...(tryTls === undefined ? [] : (["tls"] as const)),
    ...(tryText === undefined ? [] : (["text"] as const)),
    "titles",
    "strictness",
    "echo",
  ];
  const asked: ProbeName[] = [
    "services",
    "storage",
    "syntaxes",
    "limits",
    "query",
    "charset",
    "worklist",
    "get",
    "move",
  ];
  return [...before, ...asked, ...(storeTest === undefined ? [] : (["store"] as const))];
}

async function factsOf(
  examination: Examination,
  environment: DoctorEnvironment,
  options: DoctorOptions,
  today: Date,
): Promise<Facts> {
  let facts = await reach(examination, options);
  const outcome = facts.reach?.outcome;
  // Who says nothing, or hangs up, may be waiting for a TLS handshake.
  const isUnclear = outcome === "aborted" || outcome === "silent" || outcome === "no-dicom";
  if (isUnclear && environment.tryTls !== undefined) {
    const tls = await examination.probe("tls", async () => examination.tryTls());
    if (tls !== undefined) facts = { ...facts, tls };
    if (tls?.speaksTls === true) return facts;
  }
  if (isUnclear && environment.tryText !== undefined) {
    const greeting = await examination.probe("text", async () => examination.tryText());
    const otherProtocol =
      greeting === undefined ? undefined : recogniseProtocol(greeting, "requestor")?.message;
    if (otherProtocol !== undefined) return { ...facts, otherProtocol };
  }
  // A peer that closes without a word may do so because of a title.
  if (outcome === "rejected" || outcome === "aborted")
    facts = { ...facts, ...(await findTitles(examination, options)) };
  const { callingAeTitle, calledAeTitle } = facts;
  if (callingAeTitle === undefined || calledAeTitle === undefined) return facts;
  const titles: Titles = { callingAeTitle, calledAeTitle };
  facts = { ...facts, ...(await strictness(examination, titles)) };
  facts = { ...facts, ...(await echo(examination, titles)) };
  facts = { ...facts, ...(await services(examination, titles)) };
  facts = { ...facts, ...(await storage(examination, titles)) };
  facts = { ...facts, ...(await syntaxes(examination, titles, facts)) };
  facts = { ...facts, ...(await limits(examination, titles)) };
  const accepts = (uid: string): boolean =>
    facts.services?.some(({ sopClassUid, accepted }) => accepted && sopClassUid === uid) === true;
  if (accepts(StudyRootFind.sopClassUid)) {
    facts = { ...facts, ...(await query(examination, titles, today)) };
    facts = { ...facts, ...(await charset(examination, titles)) };
  }
  if (accepts(ModalityWorklistFind.sopClassUid))
    facts = { ...facts, ...(await worklist(examination, titles, today)) };
  if (accepts(StudyRootGet.sopClassUid)) facts = { ...facts, ...(await get(examination, titles)) };
  if (accepts(StudyRootMove.sopClassUid)) facts = { ...facts, ...(await move(examination, titles)) };
  const { storeTest } = options;
  if (storeTest !== undefined) facts = { ...facts, ...(await store(examination, titles, storeTest)) };
  return facts;
}
