/** Errors of DICOMweb messages, ours and a peer's. Fields carry the facts; messages never hold patient data. */
import { IsocenterError } from "@isocenter/dicom";

export type DicomwebErrorCode =
  /** A media type that is none (RFC 9110 8.3.1). */
  | "media-type-invalid"
  /** A multipart body that does not follow RFC 2046 5.1. */
  | "multipart-invalid"
  /** A multipart body that ends before its closing delimiter. */
  | "multipart-truncated"
  /** Part headers or a preamble beyond the limit. */
  | "multipart-limit"
  /** XML that is not the Native DICOM Model (PS3.19 A.1). */
  | "xml-invalid"
  /** An instance that would not fit in the memory set aside for it. */
  | "instance-too-large"
  /** The server cannot be reached. */
  | "web-unreachable"
  /** The server did not answer in time. */
  | "web-timeout"
  /** The server refused the login. */
  | "web-login-refused"
  /** The server sends us elsewhere, to a host that we were not told of. */
  | "web-redirect-refused"
  /** The server answered with an error. */
  | "web-status"
  /** The server's answer is not what DICOMweb says. */
  | "web-response-invalid";

export class DicomwebError extends IsocenterError {
  override readonly name = "DicomwebError";
  declare readonly code: DicomwebErrorCode;
  /** HTTP status of a server's answer. */
  readonly status: number | undefined;

  constructor(
    code: DicomwebErrorCode,
    message: string,
    options: { cause?: unknown; status?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.status = options.status;
  }
}
