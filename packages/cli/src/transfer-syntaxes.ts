/** Short names of transfer syntaxes on the command line. */
import { transferSyntaxInfo } from "@isocenter/dicom";
import { UsageError } from "./usage-error.ts";

export const transferSyntaxNames: Readonly<Record<string, string>> = {
  implicit: "1.2.840.10008.1.2",
  explicit: "1.2.840.10008.1.2.1",
  "big-endian": "1.2.840.10008.1.2.2",
  deflated: "1.2.840.10008.1.2.1.99",
  rle: "1.2.840.10008.1.2.5",
  jpeg: "1.2.840.10008.1.2.4.50",
  "jpeg-ls": "1.2.840.10008.1.2.4.80",
  j2k: "1.2.840.10008.1.2.4.90",
  htj2k: "1.2.840.10008.1.2.4.201",
  "htj2k-rpcl": "1.2.840.10008.1.2.4.202",
};

/** @throws UsageError */
export function transferSyntaxNamed(text: string): string {
  const uid = transferSyntaxNames[text.toLowerCase()] ?? text;
  if (transferSyntaxInfo(uid) === undefined) {
    throw new UsageError(
      `"${text}" is not a transfer syntax: use ${Object.keys(transferSyntaxNames).join(", ")} or a UID.`,
    );
  }
  return uid;
}
