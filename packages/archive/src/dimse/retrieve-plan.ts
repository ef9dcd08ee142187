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

/** One context each, so that every instance can come as it is kept: the plain encodings first, then by how common. */
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

/**
 * Contexts in groups that fit an association each, with room for the retrieve model. When the SOP classes are not known,
 * all are offered in the plain encodings.
 */
export function getContexts(sopClassUids: readonly string[]): PresentationContextProposal[][] {
  const room = maximumContexts - 1;
  const known = [...new Set(sopClassUids)].filter((uid) => uid !== "");
  const classes = known.length === 0 ? storageSopClasses() : known;
  const offered = known.length === 0 ? syntaxes.slice(0, 1) : syntaxes;
  const groups: PresentationContextProposal[][] = [];
  const perClass = Math.min(offered.length, Math.max(1, Math.floor(room / classes.length)));
  let group: PresentationContextProposal[] = [];
  for (const abstractSyntaxUid of classes) {
    // Many classes leave fewer contexts for each; what then comes in no syntax of its own is re-encoded by the peer.
    for (const transferSyntaxUids of offered.slice(0, perClass)) {
      if (group.length === room) {
        groups.push(group);
        group = [];
      }
      group.push({ abstractSyntaxUid, transferSyntaxUids, role: "scp" });
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
