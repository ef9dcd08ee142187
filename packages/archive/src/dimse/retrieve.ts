/** Retrieving from a PACS: C-GET with the right contexts, or C-MOVE to ourselves (PS3.4 C.4.2, C.4.3). */
import { DataSet } from "@isocenter/dicom";
import {
  DimseStatusError,
  NoAcceptedContextError,
  type RetrieveResult,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "@isocenter/network";
import { ArchiveError } from "../errors.ts";
import type { CallOptions, InstanceStream, Selection } from "../image-source.ts";
import { Handoff } from "./handoff.ts";
import { give } from "./move-receiver.ts";
import { type PeerAssociations, queryTransferSyntaxes } from "./peer-address.ts";
import { getContexts, retrieveIdentifier } from "./retrieve-plan.ts";

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
  const model = { abstractSyntaxUid: StudyRootGet.sopClassUid, transferSyntaxUids: queryTransferSyntaxes };
  const groups = getContexts(await sopClassesOf(peer, selection, options));
  const identifier = retrieveIdentifier(selection);
  const results: RetrieveResult[] = [];
  let refusal: unknown;
  for (const contexts of groups) {
    const association = await peer.associate([model, ...contexts], options);
    await using _ = association;
    const handoff = new Handoff();
    const running = association
      .get(StudyRootGet, identifier, {
        ...options,
        onStore: (bytes, request) => give(handoff, bytes, request),
      })
      .then(
        (result) => {
          results.push(result);
          handoff.end();
        },
        (error: unknown) => handoff.end(error),
      );
    let isFinished = false;
    try {
      yield* handoff;
      isFinished = true;
    } catch (error) {
      // Nothing of this group of SOP classes: another group may bring it.
      const isMore = groups.length > 1 && error instanceof DimseStatusError;
      if (!isMore) throw error;
      refusal = error;
      isFinished = true;
    } finally {
      if (!isFinished) association.abort();
      await running;
    }
    await association.release();
  }
  if (results.length === 0 && refusal !== undefined) throw refusal;
  if (groups.length === 1) complain(results);
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
    const results: RetrieveResult[] = [];
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
          results.push(result);
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
    complain(results);
    await association.release();
  } finally {
    receiver.forget(expectation);
  }
}

/** The peer's own word on what is there: (0008,0062) of the study, or the SOP classes of its instances. */
async function sopClassesOf(
  peer: PeerAssociations,
  selection: Selection,
  options: CallOptions,
): Promise<readonly string[]> {
  const { studyInstanceUid, seriesInstanceUid = "", sopInstanceUid = "" } = selection;
  const association = await peer.associate(
    [{ abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: queryTransferSyntaxes }],
    options,
  );
  await using _ = association;
  const found = new Set<string>();
  const ask = async (keys: DataSet, keyword: string): Promise<void> => {
    for await (const match of association.find(StudyRootFind, keys, options))
      for (const uid of match.strings(keyword)) if (uid !== "") found.add(uid);
  };
  try {
    if (sopInstanceUid === "") {
      const keys = { QueryRetrieveLevel: "STUDY", StudyInstanceUID: studyInstanceUid, SOPClassesInStudy: "" };
      await ask(DataSet.of(keys), "SOPClassesInStudy");
    }
    if (found.size === 0) {
      for (const series of await seriesOf()) {
        const keys = {
          QueryRetrieveLevel: "IMAGE",
          StudyInstanceUID: studyInstanceUid,
          SeriesInstanceUID: series,
          SOPInstanceUID: sopInstanceUid,
          SOPClassUID: "",
        };
        await ask(DataSet.of(keys), "SOPClassUID");
      }
    }
    await association.release();
  } catch (error) {
    // Without an answer every SOP class is offered; what the retrieval itself says counts.
    if (!(error instanceof DimseStatusError || error instanceof NoAcceptedContextError)) throw error;
  }
  return [...found];

  async function seriesOf(): Promise<readonly string[]> {
    if (seriesInstanceUid !== "") return [seriesInstanceUid];
    const keys = { QueryRetrieveLevel: "SERIES", StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: "" };
    const uids: string[] = [];
    for await (const match of association.find(StudyRootFind, keys, options))
      uids.push(match.string("SeriesInstanceUID") ?? "");
    return uids.filter((uid) => uid !== "");
  }
}

/** @throws ArchiveError `retrieve-incomplete` when the peer says that instances did not come */
function complain(results: readonly RetrieveResult[]): void {
  const failed = results.reduce((sum, result) => sum + (result.failed ?? 0), 0);
  if (failed === 0) return;
  throw new ArchiveError(
    "retrieve-incomplete",
    `The peer could not send ${failed} of the instances; those that came are whole.`,
  );
}
