/**
 * How to ask a PACS for a selection: which identifier, and which presentation contexts a C-GET offers for the SOP classes
 * that are really there (PS3.4 C.4.3).
 */
import { type DataSet, DataSet as DataSets, storageSopClasses, TransferSyntax } from "@isocenter/dicom";
import { maximumContexts, type PresentationContextProposal } from "@isocenter/network";
import type { Selection } from "../image-source.ts";

const {
  ExplicitVRLittleEndian,
  ImplicitVRLittleEndian,
  JPEGBaseline8Bit,
  JPEGExtended12Bit,
  JPEGLossless,
  JPEGLosslessSV1,
  JPEGLSLossless,
  JPEGLSNearLossless,
  JPEG2000Lossless,
  JPEG2000,
  HTJ2KLossless,
  HTJ2KLosslessRPCL,
  HTJ2K,
  RLELossless,
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
} = TransferSyntax;

/** The plain encodings first, then by how common. */
const syntaxes: readonly (readonly string[])[] = [
  [ExplicitVRLittleEndian, ImplicitVRLittleEndian],
  [JPEGLosslessSV1],
  [JPEG2000Lossless],
  [JPEGBaseline8Bit],
  [JPEGLSLossless],
  [RLELossless],
  [JPEG2000],
  [JPEGExtended12Bit],
  [JPEGLSNearLossless],
  [JPEGLossless],
  [HTJ2KLossless],
  [HTJ2KLosslessRPCL],
  [HTJ2K],
  [TransferSyntax.MPEG2MPML],
  [TransferSyntax.MPEG4HP41],
  [TransferSyntax.MPEG4HP422D],
  [DeflatedExplicitVRLittleEndian],
  [ExplicitVRBigEndian],
];

/** The identifier of C-GET and C-MOVE: unique keys down to the deepest level given. */
export function retrieveIdentifier(selection: Selection): DataSet {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = selection;
  const level = sopInstanceUid !== undefined ? "IMAGE" : seriesInstanceUid !== undefined ? "SERIES" : "STUDY";
  return DataSets.of({
    QueryRetrieveLevel: level,
    StudyInstanceUID: studyInstanceUid,
    ...(seriesInstanceUid === undefined ? {} : { SeriesInstanceUID: seriesInstanceUid }),
    ...(sopInstanceUid === undefined ? {} : { SOPInstanceUID: sopInstanceUid }),
  });
}

/** What is known of a selection before it is retrieved. */
export interface KnownClasses {
  readonly sopClassUids: readonly string[];
  /** Concluded from the modalities: others may be there. */
  readonly isGuess: boolean;
  /** The peer's implementation version name. */
  readonly implementation?: string | undefined;
}

/**
 * Contexts of one C-GET after another, until nothing is missing. Most peers choose for each instance the context with its
 * own transfer syntax; DCMTK's take the first of the SOP class, so that there must be one with every syntax in it.
 */
export function* attemptsFor({
  sopClassUids,
  isGuess,
  implementation = "",
}: KnownClasses): Generator<readonly PresentationContextProposal[]> {
  const classes = [...new Set(sopClassUids)];
  const bySyntax = grouped(contextPerSyntax(classes));
  const byClass = grouped(classes.map((uid) => offer(uid, syntaxes.flat())));
  const [first, second] = implementation.startsWith("OFFIS_DCMTK")
    ? [byClass, bySyntax]
    : [bySyntax, byClass];
  yield* first;
  yield* second;
  if (!isGuess) return;
  yield* grouped(
    storageSopClasses()
      .filter((uid) => !classes.includes(uid))
      .map((uid) => offer(uid, syntaxes.flat())),
  );
}

function contextPerSyntax(classes: readonly string[]): PresentationContextProposal[] {
  // Many classes leave fewer contexts for each; what then has no context of its own is re-encoded by the peer, or fails.
  const each = Math.min(syntaxes.length, Math.max(1, Math.floor(room / Math.max(1, classes.length))));
  return classes.flatMap((uid) => syntaxes.slice(0, each).map((syntax) => offer(uid, syntax)));
}

/** Presentation contexts of an association beside the retrieve model's own. */
const room = maximumContexts - 1;

const offer = (
  abstractSyntaxUid: string,
  transferSyntaxUids: readonly string[],
): PresentationContextProposal => ({ abstractSyntaxUid, transferSyntaxUids, role: "scp" });

function grouped(contexts: readonly PresentationContextProposal[]): PresentationContextProposal[][] {
  const groups: PresentationContextProposal[][] = [];
  for (let at = 0; at < contexts.length; at += room) groups.push(contexts.slice(at, at + room));
  return groups;
}
