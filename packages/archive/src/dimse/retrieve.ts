/** Retrieving from a PACS: C-GET with the right contexts, or C-MOVE to ourselves (PS3.4 C.4.2, C.4.3). */
import { DataSet } from "@isocenter/dicom";
import {
  type Association,
  DimseStatusError,
  NoAcceptedContextError,
  type PresentationContextProposal,
  type RetrieveResult,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "@isocenter/network";
import { ArchiveError } from "../errors.ts";
import type { CallOptions, InstanceStream, Selection } from "../image-source.ts";
import { Handoff } from "./handoff.ts";
import { sopClassesOfModalities } from "./modality-classes.ts";
import { give } from "./move-receiver.ts";
import { type PeerAssociations, queryTransferSyntaxes } from "./peer-address.ts";
import { attemptsFor, type KnownClasses, retrieveIdentifier } from "./retrieve-plan.ts";

/** @throws NetworkError; ArchiveError `retrieve-incomplete`, `not-supported` */
export async function* retrieveFromPeer(
  peer: PeerAssociations,
  selection: Selection,
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  const { retrieve = "auto", receiver } = peer.options;
  let count = 0;
  if (retrieve !== "move") {
    try {
      for await (const instance of byGet(peer, selection, options)) {
        count++;
        yield instance;
      }
      return;
    } catch (error) {
      // A peer without C-GET, or one that refuses it, is asked with C-MOVE where we can be its destination.
      const isRefused = error instanceof NoAcceptedContextError || error instanceof DimseStatusError;
      if (!isRefused || count > 0 || retrieve === "get" || receiver === undefined) throw error;
    }
  }
  yield* byMove(peer, selection, options);
}

async function* byGet(
  peer: PeerAssociations,
  selection: Selection,
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  const known = await knownClasses(peer, selection, options);
  const got = new Set<string>();
  let missing = Number.POSITIVE_INFINITY;
  let refusal: unknown;
  // Instances that came are not counted as missing, however often a later attempt fails for them.
  for (const contexts of attemptsFor(known)) {
    const attempt = yield* getOver(peer, selection, contexts, got, options);
    if (!("result" in attempt)) {
      refusal ??= attempt.refusal;
      continue;
    }
    const { failed = 0, failedSopInstanceUids: named } = attempt.result;
    missing = Math.min(missing, named.length > 0 ? named.filter((uid) => !got.has(uid)).length : failed);
    if (missing === 0) return;
  }
  if (got.size === 0 && refusal !== undefined) throw refusal;
  complain(missing === Number.POSITIVE_INFINITY ? 0 : missing);
}

type Attempt = { readonly result: RetrieveResult } | { readonly refusal: unknown };

/**
 * One C-GET on an association of its own. Being refused is an outcome: another attempt may bring what this one did not.
 * @param got instances that came; what comes twice is taken and dropped
 */
async function* getOver(
  peer: PeerAssociations,
  selection: Selection,
  contexts: readonly PresentationContextProposal[],
  got: Set<string>,
  options: CallOptions,
): AsyncGenerator<InstanceStream, Attempt> {
  const model = { abstractSyntaxUid: StudyRootGet.sopClassUid, transferSyntaxUids: queryTransferSyntaxes };
  const association = await peer.associate([model, ...contexts], options);
  await using _ = association;
  const handoff = new Handoff();
  const running = association.get(StudyRootGet, retrieveIdentifier(selection), {
    ...options,
    async onStore(bytes, request) {
      if (got.has(request.affectedSopInstanceUid)) return 0;
      const answer = await give(handoff, bytes, request);
      got.add(request.affectedSopInstanceUid);
      return answer;
    },
  });
  running.then(
    () => handoff.end(),
    () => handoff.end(),
  );
  let isRead = false;
  try {
    yield* handoff;
    isRead = true;
  } finally {
    if (!isRead) association.abort();
  }
  try {
    const result = await running;
    await association.release();
    return { result };
  } catch (refusal) {
    if (!(refusal instanceof DimseStatusError)) throw refusal;
    await association.release();
    return { refusal };
  }
}

async function* byMove(
  peer: PeerAssociations,
  selection: Selection,
  options: CallOptions,
): AsyncGenerator<InstanceStream> {
  const { receiver } = peer.options;
  if (receiver === undefined) {
    throw new ArchiveError(
      "not-supported",
      "This peer is retrieved from with C-MOVE, which needs a listener that it knows as destination.",
    );
  }
  const { callingAeTitle, calledAeTitle } = peer.address;
  const expectation = receiver.expect({ peerAeTitle: calledAeTitle, originatorAeTitle: callingAeTitle });
  const { handoff } = expectation;
  try {
    const association = await peer.associate(
      [{ abstractSyntaxUid: StudyRootMove.sopClassUid, transferSyntaxUids: queryTransferSyntaxes }],
      options,
    );
    await using _ = association;
    let failed = 0;
    const running = association
      .move(StudyRootMove, retrieveIdentifier(selection), {
        ...options,
        destination: receiver.aeTitle,
        onMessageId: (messageId) => {
          expectation.messageId = messageId;
        },
      })
      .then(
        (result) => {
          failed = result.failed ?? 0;
          handoff.end();
        },
        (error: unknown) => handoff.end(error),
      );
    let isFinished = false;
    try {
      yield* handoff;
      isFinished = true;
    } finally {
      if (!isFinished) association.abort();
      await running;
    }
    complain(failed);
    await association.release();
  } finally {
    receiver.forget(expectation);
  }
}

/**
 * The peer's own word on what is there: (0008,0062) of the study, the SOP classes of its instances, or at least its
 * modalities. Empty when it tells nothing.
 */
async function knownClasses(
  peer: PeerAssociations,
  selection: Selection,
  options: CallOptions,
): Promise<KnownClasses> {
  const association = await peer.associate(
    [{ abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes }],
    options,
  );
  await using _ = association;
  try {
    const known = await askSopClasses(association, selection, options);
    await association.release();
    return { ...known, implementation: association.accepted.implementationVersionName };
  } catch (error) {
    // Without an answer every SOP class is offered; what the retrieval itself says counts.
    if (!(error instanceof DimseStatusError || error instanceof NoAcceptedContextError)) throw error;
    return {
      sopClassUids: [],
      isGuess: true,
      implementation: association.accepted.implementationVersionName,
    };
  }
}

async function askSopClasses(
  association: Association,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Selection,
  options: CallOptions,
): Promise<KnownClasses> {
  const ask = async (keys: Readonly<Record<string, string>>, keyword: string): Promise<string[]> => {
    const found = new Set<string>();
    const identifier = DataSet.of({ StudyInstanceUID: studyInstanceUid, [keyword]: "", ...keys });
    for await (const match of association.find(StudyRootFind, identifier, options))
      for (const value of match.strings(keyword)) if (value !== "") found.add(value);
    return [...found];
  };
  if (seriesInstanceUid === undefined) {
    const sopClassUids = await ask({ QueryRetrieveLevel: "STUDY" }, "SOPClassesInStudy");
    if (sopClassUids.length > 0) return { sopClassUids, isGuess: false };
  } else {
    // One query, where it is known to be small.
    const ofImage = { SeriesInstanceUID: seriesInstanceUid, SOPInstanceUID: sopInstanceUid ?? "" };
    const sopClassUids = await ask({ QueryRetrieveLevel: "IMAGE", ...ofImage }, "SOPClassUID");
    if (sopClassUids.length > 0) return { sopClassUids, isGuess: false };
  }
  const ofSeries = { QueryRetrieveLevel: "SERIES", SeriesInstanceUID: seriesInstanceUid ?? "" };
  return { sopClassUids: sopClassesOfModalities(await ask(ofSeries, "Modality")), isGuess: true };
}

/** @throws ArchiveError `retrieve-incomplete` when the peer says that instances did not come */
function complain(failed: number): void {
  if (failed === 0) return;
  throw new ArchiveError(
    "retrieve-incomplete",
    `The peer could not send ${failed} of the instances; those that came are whole.`,
  );
}
