/** Errors of the data layer. Fields carry the facts; messages are for people and never hold patient data. */

/** The base of every error that Isocenter throws. `code` is stable and documented; switch on it, not on the message. */
export class IsocenterError extends Error {
  override readonly name: string = "IsocenterError";
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

export type DicomErrorCode =
  /** The bytes end in the middle of an element, an item or a file header. */
  | "truncated"
  /** A length that cannot be: odd where it must not be, beyond the enclosing item, or beyond a limit. */
  | "length-invalid"
  /** Bytes that are no data element where one must stand. */
  | "element-invalid"
  /** A VR that is not two known letters. */
  | "vr-invalid"
  /** Sequences nested deeper than the limit. */
  | "nesting-too-deep"
  /** Not a Part 10 file, and not recognisable as a bare data set either. */
  | "not-dicom"
  /** The file meta group is damaged or lacks the transfer syntax. */
  | "meta-invalid"
  /** A transfer syntax this version cannot read or write. */
  | "transfer-syntax-unsupported"
  /** An inflated data set grows beyond its limits. */
  | "inflate-limit"
  /** Compressed data that is not valid deflate. */
  | "inflate-failed"
  /** A keyword or tag that does not exist. */
  | "keyword-unknown"
  /** A value that its VR cannot hold. */
  | "value-invalid"
  /** Text that the character set cannot express. */
  | "text-unencodable"
  /** A value that was not read, because it is above the threshold and no source was given. */
  | "value-not-read"
  /** DICOM JSON that does not follow PS3.18 F. */
  | "json-invalid"
  /** No pixel data, or attributes that describe it wrongly. */
  | "pixels-invalid"
  /** A frame that is not there, or whose bytes cannot be told from the others'. */
  | "frame-unreadable"
  /** A directory record chain with loops or offsets outside of the file. */
  | "directory-invalid";

/** Bytes or values that are not DICOM, with the place: `offset` in bytes from the start of the source, and `tag`. */
export class DicomError extends IsocenterError {
  override readonly name = "DicomError";
  declare readonly code: DicomErrorCode;
  readonly offset: number | undefined;
  readonly tag: number | undefined;

  constructor(
    code: DicomErrorCode,
    message: string,
    options: { offset?: number | undefined; tag?: number | undefined; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.offset = options.offset;
    this.tag = options.tag;
  }
}
