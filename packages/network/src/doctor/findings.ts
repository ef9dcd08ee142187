/** From facts to what they mean: a pure reading, so that every case can be tested without a peer. */
import { transferSyntaxInfo } from "@isocenter/dicom";
import {
  ModalityPerformedProcedureStep,
  ModalityWorklistFind,
  PatientRootFind,
  StorageCommitmentPushModel,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "../services/models.ts";
import { reachFindings } from "./findings-reach.ts";
import type { DoctorOptions, DoctorReport, Facts, Finding } from "./types.ts";

export function findingsOf(facts: Facts, options: DoctorOptions): Finding[] {
  const reached = reachFindings(facts, options);
  if (facts.callingAeTitle === undefined) return reached;
  return [
    ...reached,
    ...echoFindings(facts),
    ...serviceFindings(facts),
    ...retrieveFindings(facts),
    ...storageFindings(facts),
    ...limitFindings(facts),
  ];
}

export function verdictOf(facts: Facts, findings: readonly Finding[]): DoctorReport["verdict"] {
  if (facts.callingAeTitle === undefined) {
    const outcome = facts.reach?.outcome;
    return outcome === "rejected" || outcome === "aborted" ? "refused" : "unreachable";
  }
  return findings.some(({ kind }) => kind === "problem") ? "limited" : "works";
}

function echoFindings({ echo }: Facts): Finding[] {
  if (echo === undefined) {
    return [
      {
        kind: "problem",
        code: "echo-failed",
        text: "It does not answer C-ECHO, although it accepted the association.",
        means: "Other services may work all the same; monitoring by C-ECHO does not.",
      },
    ];
  }
  const works: Finding = {
    kind: "works",
    code: "echo",
    text: `It answers C-ECHO in ${rounded(echo.medianMs)} ms (median of ${echo.count}; association in ${rounded(echo.associationMs)} ms).`,
  };
  if (!echo.looksDelayed) return [works];
  return [
    works,
    {
      kind: "note",
      code: "delayed-answers",
      text: `Each answer takes about ${rounded(echo.medianMs)} ms, though the network is quick: the peer seems to hold small packets back for TCP acknowledgements (Nagle's algorithm).`,
      means: "Sending many small images one after another is slow; several associations at a time hide it.",
      advice: "Ask for TCP_NODELAY at the peer (DCMTK: environment TCP_NODELAY=1), or use --parallel.",
    },
  ];
}

function serviceFindings({ services = [], query, charset, worklist }: Facts): Finding[] {
  const findings: Finding[] = [];
  const has = (uid: string): boolean =>
    services.some(({ sopClassUid, accepted }) => accepted && sopClassUid === uid);
  const accepted = services.filter((one) => one.accepted).map(({ name }) => name);
  if (services.length > 0)
    findings.push({
      kind: "works",
      code: "services",
      text:
        accepted.length === 0
          ? "It accepts none of the usual services."
          : `It accepts ${accepted.join(", ")}.`,
    });
  const canFind = has(StudyRootFind.sopClassUid) || has(PatientRootFind.sopClassUid);
  if (services.length > 0 && !canFind)
    findings.push({
      kind: "note",
      code: "no-query",
      text: "It does not accept queries for studies (C-FIND).",
      means: "It may be a storage target, a worklist or a printer; studies cannot be listed.",
      advice: "If it should be queried, ask whether that needs another AE title, or a permission for ours.",
    });
  if (query?.ok === false)
    findings.push({
      kind: "problem",
      code: "query-failed",
      text: `It accepts queries in negotiation, and answers a query for recent studies with "${query.failure?.message ?? "an error"}".`,
      advice: "Ask for the permission to query, and for what its log says of the query.",
    });
  if (query?.ok === true)
    findings.push({
      kind: "works",
      code: "query",
      text: `It answers queries${query.sawMatch ? `; a recent match was in the character set ${query.characterSet === "" || query.characterSet === undefined ? "ASCII" : query.characterSet}` : ", without a match in the last 30 days"}.`,
    });
  if (charset !== undefined)
    findings.push(
      charset.ok
        ? { kind: "works", code: "charset", text: "It takes a query in UTF-8 (ISO_IR 192)." }
        : {
            kind: "problem",
            code: "charset-refused",
            text: `It answers a query with a name in UTF-8 with "${charset.failure?.message ?? "an error"}".`,
            means: "Names beyond ASCII cannot be searched for in their own letters.",
            advice: "Query with wildcards in place of the letters, or ask which character sets it supports.",
          },
    );
  for (const [uid, code, name] of workflow)
    if (has(uid)) findings.push({ kind: "works", code, text: `It offers ${name}.` });
  if (worklist?.ok === false)
    findings.push({
      kind: "problem",
      code: "worklist-failed",
      text: `It accepts worklist queries in negotiation, and answers one with "${worklist.failure?.message ?? "an error"}".`,
      advice: "Ask whether the worklist is configured for our AE title.",
    });
  return findings;
}

const workflow = [
  [ModalityWorklistFind.sopClassUid, "worklist", "a modality worklist"],
  [ModalityPerformedProcedureStep.sopClassUid, "mpps", "performed procedure steps (MPPS)"],
  [StorageCommitmentPushModel.sopClassUid, "commitment", "storage commitment"],
] as const;

function retrieveFindings({ services = [], get, move, query, callingAeTitle }: Facts): Finding[] {
  const has = (uid: string): boolean =>
    services.some(({ sopClassUid, accepted }) => accepted && sopClassUid === uid);
  const findings: Finding[] = [];
  const [canGet, canMove] = [get?.ok === true, has(StudyRootMove.sopClassUid)];
  if (canGet)
    findings.push({
      kind: "works",
      code: "get",
      text: "It does C-GET: images come over our own connection.",
    });
  if (get?.role === "not-answered")
    findings.push({
      kind: "note",
      code: "role-not-answered",
      text: "It accepts the contexts of a C-GET and does not answer the role selection.",
      means: "Strict clients will not take images from it by C-GET; this library reads the silence as a yes.",
    });
  if (get?.role === "refused")
    findings.push({
      kind: "problem",
      code: "role-refused",
      text: "It refuses that we take images in a C-GET (role selection).",
      means: "C-GET will bring nothing.",
      advice: canMove ? "Retrieve with C-MOVE." : "Ask for C-GET with role selection, or for C-MOVE.",
    });
  if (get?.ok === false)
    findings.push({
      kind: "problem",
      code: "get-failed",
      text: `It accepts C-GET in negotiation, and answers one with "${get.failure?.message ?? "an error"}".`,
      advice: canMove ? "Retrieve with C-MOVE." : "Ask whether our AE title may retrieve.",
    });
  if (move?.knowsUs === true)
    findings.push({
      kind: "works",
      code: "move",
      text: `It does C-MOVE, and knows ${callingAeTitle ?? "us"} as a destination.`,
    });
  if (move?.knowsUs === false)
    findings.push({
      kind: canGet ? "note" : "problem",
      code: "move-destination-unknown",
      text: `It does C-MOVE, and does not know ${callingAeTitle ?? "us"} as a destination (A801H).`,
      means: canGet ? "C-MOVE to here will not work; C-GET does." : "Images cannot come here by C-MOVE.",
      advice: "Ask the administrator to add our AE title with this machine's address and port.",
    });
  if (move !== undefined && move.knowsUs === undefined)
    findings.push({
      kind: "note",
      code: "move-unclear",
      text: `It does C-MOVE; whether it knows ${callingAeTitle ?? "us"} as a destination, it does not tell before there is something to send.`,
    });
  if (services.length > 0 && !has(StudyRootGet.sopClassUid) && !canMove && query !== undefined)
    findings.push({
      kind: "problem",
      code: "no-retrieve",
      text: "It can be queried, and offers neither C-GET nor C-MOVE.",
      means: "Studies can be listed and not retrieved.",
      advice: "Ask for the permission to retrieve, or whether that has another AE title.",
    });
  if (canGet && query?.sawMatch === true && query.tellsSopClasses === false)
    findings.push({
      kind: "note",
      code: "classes-not-told",
      text: "It does not tell the SOP classes of a study (0008,0062).",
      means: "C-GET has to offer classes by guess, and may need several associations.",
    });
  return findings;
}

function storageFindings({ storage, syntaxes, store }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (storage !== undefined && storage.accepted.length === 0)
    findings.push({
      kind: "note",
      code: "no-storage",
      text: "It accepts no storage SOP class from us.",
      means: "Images cannot be sent to it.",
      advice: "If they should be, ask for the permission to store for our AE title.",
    });
  if (storage !== undefined && storage.accepted.length > 0) {
    findings.push({
      kind: "works",
      code: "storage",
      text: `It takes ${storage.accepted.length} of ${storage.offered} storage SOP classes${storage.acceptsAnything ? ", and accepts even what is no class at all" : ""}.`,
    });
    const compressed = syntaxes?.flatMap(({ accepted }) =>
      accepted.filter(({ uid }) => transferSyntaxInfo(uid)?.encapsulated === true),
    );
    const names = [...new Set(compressed?.map(({ name }) => shortName(name)))];
    if (syntaxes !== undefined)
      findings.push(
        names.length > 0
          ? { kind: "works", code: "compressed", text: `It takes compressed images: ${names.join(", ")}.` }
          : {
              kind: "note",
              code: "uncompressed-only",
              text: "It takes uncompressed images alone.",
              means: "Compressed files are decompressed on the way, which needs more time and network.",
            },
      );
  }
  if (store?.ok === true)
    findings.push({
      kind: store.warning === undefined ? "works" : "note",
      code: "store",
      text:
        store.warning === undefined
          ? "It stored the test instance."
          : `It stored the test instance, with the warning "${store.warning}".`,
    });
  if (store?.ok === false)
    findings.push({
      kind: "problem",
      code: "store-failed",
      text: `It did not store the test instance: ${store.failure?.message ?? "an error"}.`,
      advice: "Ask for the permission to store, and for what its log says.",
    });
  return findings;
}

function limitFindings({ maximumPduLength, limits }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (maximumPduLength !== undefined && maximumPduLength !== 0 && maximumPduLength < 16_384)
    findings.push({
      kind: "note",
      code: "small-pdu",
      text: `It takes no more than ${maximumPduLength} bytes in one PDU.`,
      means: "Transfers are slower than they could be.",
      advice: "Ask for a maximum PDU size of 64 KB or more.",
    });
  if (limits?.refusedItems === true)
    findings.push({
      kind: "note",
      code: "items-refused",
      text: "It does not take an association that offers an asynchronous window and extended negotiation.",
      means: "It is strict, or old: do not use --window with it.",
    });
  const window = limits?.window;
  if (window !== undefined && window.invoked !== 1)
    findings.push({
      kind: "works",
      code: "window",
      text: `It works on ${window.invoked === 0 ? "any number of" : window.invoked} operations at a time.`,
    });
  if (limits?.fuzzy === true)
    findings.push({ kind: "works", code: "fuzzy", text: "It matches names fuzzily when asked to." });
  return findings;
}

/** The request to the administrator: facts of ours, what was seen, and what is asked for. */
export function administratorText(
  facts: Facts,
  { host, port, callingAeTitle, calledAeTitle }: DoctorOptions,
  findings: readonly Finding[],
): string | undefined {
  const asked = findings.filter(
    ({ kind, advice, code }) => kind === "problem" && advice !== undefined && !ownAffair.has(code),
  );
  if (asked.length === 0) return undefined;
  const calling = facts.callingAeTitle ?? callingAeTitle;
  const called = facts.calledAeTitle ?? calledAeTitle ?? "not known to us";
  return `Dear PACS administrator,

our DICOM application tried to work with your system:

  your system   ${host}:${port}, AE title ${called}
  our AE title  ${calling}
  our address   (please fill in the IP address of this machine)

What we saw:

${asked.map(({ text }) => `  - ${text}`).join("\n")}

Could you please check, for our AE title:

${[...new Set(asked.flatMap(({ code, advice }) => requests[code] ?? advice ?? []))].map((text) => `  - ${text}`).join("\n")}

Thank you.`;
}

/** Problems that the user can mend without the administrator. */
const ownAffair = new Set(["host-not-found", "wrong-protocol", "title-writing", "certificate-name-mismatch"]);

const requests: Readonly<Record<string, string>> = {
  "called-unknown": "which AE title your system goes by on this port",
  "calling-unknown": "that our AE title, with our address, is in the list of known AE titles",
  "closed-silently": "that our AE title and our address may connect, and whether this port needs TLS",
  "connection-refused": "that the DICOM service is running on this port, and that the firewall lets us in",
  "connect-timeout": "that the firewall lets us reach this port",
  silent: "that this is the DICOM port, and whether it needs TLS",
  "tls-needed": "which certificate authority we must trust, and whether we need a certificate of our own",
  "no-tls": "which port takes DICOM with TLS",
  "tls-failed": "which TLS versions and cipher suites this port takes, and which client certificates",
  "certificate-untrusted":
    "which authority signed your certificate, and whether ours is trusted by your system",
  "certificate-expired": "whether the certificate of this port has expired",
  "client-certificate-required": "which authority has to sign the certificate of our system",
  "query-failed": "that we may query (C-FIND)",
  "charset-refused": "which character sets queries may use; we prefer UTF-8 (ISO_IR 192)",
  "worklist-failed": "that the worklist is configured for our AE title",
  "move-destination-unknown": "that our AE title is known as a move destination, with our address and port",
  "get-failed": "that we may retrieve (C-GET)",
  "role-refused": "that C-GET with SCP/SCU role selection is supported, or C-MOVE configured for us",
  "no-retrieve": "that we may retrieve, by C-GET or C-MOVE",
  "store-failed": "that we may store (C-STORE)",
};

const rounded = (ms: number): string => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));

/** `JPEG Lossless, Non-Hierarchical, …` is known by its beginning. */
const shortName = (name: string): string =>
  name
    .replace(/ ?\(.*$/, "")
    .split(",")[0]
    ?.replace(/ Image Compression$/, "") ?? name;
