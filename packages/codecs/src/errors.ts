/** Errors of the codecs. A frame that cannot be decoded is an error, never a wrong picture. */
import { IsocenterError } from "@isocenter/dicom";

export type CodecErrorCode =
  /** No decoder or encoder for the transfer syntax. */
  | "codec-unsupported"
  /** The code stream is damaged, or not what the transfer syntax says. */
  | "codestream-invalid"
  /** The code stream decodes to another size or depth than the data set says. */
  | "codestream-mismatch";

export class CodecError extends IsocenterError {
  override readonly name = "CodecError";
  declare readonly code: CodecErrorCode;
  readonly transferSyntaxUid: string | undefined;

  constructor(
    code: CodecErrorCode,
    message: string,
    options: { transferSyntaxUid?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.transferSyntaxUid = options.transferSyntaxUid;
  }
}
