/**
 * `ImageSource`: the one interface in the middle of the system.
 *
 * Everything a user does with images is find, retrieve or store. A face (the DIMSE SCP, DICOMweb, the HTTP API, the
 * command line) asks an image source; a source (the local archive, a remote PACS, a DICOMweb server) answers. Any face
 * works over any source, and streams stay streams from end to end.
 *
 * The levels and their unique keys are those of PS3.4 C.6; this module knows nothing of how a source keeps its objects.
 */
import type { DataSet, DicomJsonObject } from "@isocenter/dicom";

/** Query/Retrieve levels in their hierarchy, PS3.4 C.6.1.1. */
export const queryLevels = ["PATIENT", "STUDY", "SERIES", "IMAGE"] as const;
export type QueryLevel = (typeof queryLevels)[number];

/** Every call takes a signal; aborting it stops the work and makes the iteration throw the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface Query {
  readonly level: QueryLevel;
  /**
   * Matching and return keys as in a C-FIND identifier (PS3.4 C.2.2.2): an empty value is a return key, any other
   * value must match. (0008,0052) Query/Retrieve Level is not needed here.
   */
  readonly keys: DataSet;
  /** The most results wanted; a source stops there. No limit when left out. */
  readonly limit?: number;
  /** Matches to pass over first, in the source's own order, which stays the same between calls. Default 0. */
  readonly offset?: number;
  /** Fuzzy semantic matching of person names (PS3.4 C.2.2.2.1); a source without it matches literally. */
  readonly fuzzy?: boolean;
  /** Ranges of a date and of the time beside it are one stretch of time (PS3.4 C.2.2.2.5.4), where negotiated. */
  readonly combinedDateTime?: boolean;
  /** Attributes to return beside the keys: `all` for everything that the source keeps at this level. */
  readonly include?: "all" | readonly number[];
}

/** What to retrieve: everything below the deepest UID given. */
export interface Selection {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid?: string;
  readonly sopInstanceUid?: string;
}

/** An instance on its way: what it is, and its data set as encoded bytes in `transferSyntaxUid`, without file meta. */
export interface InstanceStream {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Length of the encoded data set in bytes, where it is known beforehand. */
  readonly size?: number;
  /** AE title that the instance came from, written to (0002,0016) by a source that keeps files. */
  readonly sourceAeTitle?: string;
  /** Where the instance belongs, as far as the source knows without reading it. */
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  /** The encoded data set. May be read once. Chunks are never written to again, so a reader may keep them. */
  dataSet(): AsyncIterable<Uint8Array>;
}

/** One instance by its three UIDs. */
export interface InstanceKey {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** A run of bytes in an object. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * A Part 10 object that can be read at any place: what a face needs to answer for a frame without reading the rest. It
 * fits `readPart10` of @isocenter/dicom (`size` and `read`).
 */
export interface InstanceObject extends InstanceKey, AsyncDisposable {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  /** Bytes of the whole object: preamble, file meta, data set. */
  readonly size: number;
  /** Where the data set begins. */
  readonly dataSetOffset: number;
  /** Changes when the content does: for ETag. */
  readonly version: string;
  read(offset: number, length: number): Promise<Uint8Array>;
  stream(range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * Where each frame's bytes lie, in order; a frame in several fragments has several ranges. Undefined when there are no
   * frames that can be cut out by byte ranges (no pixel data, deflated, frames that do not begin on a byte).
   */
  frames(): Promise<readonly (readonly ByteRange[])[] | undefined>;
}

export type StoreOutcomeKind =
  /** Durable, and visible to the next query. */
  | "stored"
  /** The same instance with the same content was here already. */
  | "already-held"
  /** Another instance with this UID is here; it was kept, and the newcomer put aside. */
  | "quarantined"
  /** Not stored. */
  | "failed";

export interface StoreOutcome {
  readonly kind: StoreOutcomeKind;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** DIMSE status of C-STORE, PS3.4 Table B.2-1: 0000H, a warning Bxxx, or a failure. */
  readonly status: number;
  /** In words, without patient data; absent on plain success. */
  readonly reason?: string;
}

export interface SourceCapabilities {
  readonly kind: "local" | "dimse" | "dicomweb";
  readonly find: boolean;
  readonly retrieve: boolean;
  readonly store: boolean;
  /** Levels that `find` answers. */
  readonly levels: readonly QueryLevel[];
}

export interface ImageSource {
  capabilities(): SourceCapabilities;
  /**
   * Matches one by one, in the source's own order.
   * @throws ArchiveError or NetworkError when the source cannot answer; never an empty success instead
   */
  find(query: Query, options?: CallOptions): AsyncIterable<DataSet>;
  /** Where a source has it so: as {@link find}, each match as DICOM JSON (PS3.18 F). Faces fall back to {@link find}. */
  findJson?(query: Query, options?: CallOptions): AsyncIterable<DicomJsonObject>;
  /** The selected instances as streams; each must be read, or skipped by asking for the next. */
  retrieve(selection: Selection, options?: CallOptions): AsyncIterable<InstanceStream>;
  /** One outcome per instance, in order. An instance that fails is an outcome; the others go on. */
  store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    options?: CallOptions,
  ): AsyncIterable<StoreOutcome>;
  /**
   * Where a source has it ready: each selected instance as one DICOM JSON object (PS3.18 F), serialised, without bulk
   * data; values left out carry a BulkDataURI relative to the instance (`bulkdata/7FE00010`). Faces fall back to
   * {@link retrieve}.
   */
  metadata?(selection: Selection, options?: CallOptions): AsyncIterable<string>;
  /**
   * Where a source can: the object itself at random access. Faces fall back to {@link retrieve}.
   * @throws ArchiveError `instance-unknown` when there is no such instance
   */
  open?(key: InstanceKey, options?: CallOptions): Promise<InstanceObject>;
  /**
   * Where a source can: removes what is selected. @returns how many instances went
   * @throws ArchiveError `not-supported`
   */
  delete?(selection: Selection, options?: CallOptions): Promise<number>;
}
