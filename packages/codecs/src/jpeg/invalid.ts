import { CodecError } from "../errors.ts";

export function invalidJpeg(what: string): CodecError {
  return new CodecError("codestream-invalid", `The JPEG frame cannot be decoded: ${what}.`);
}
