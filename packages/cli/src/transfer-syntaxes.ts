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

/** The letters after DCMTK's -x and +x. */
const letters: Readonly<Record<string, string>> = {
  e: "1.2.840.10008.1.2.1",
  i: "1.2.840.10008.1.2",
  b: "1.2.840.10008.1.2.2",
  d: "1.2.840.10008.1.2.1.99",
  s: "1.2.840.10008.1.2.4.70",
  y: "1.2.840.10008.1.2.4.50",
  x: "1.2.840.10008.1.2.4.51",
  t: "1.2.840.10008.1.2.4.80",
  u: "1.2.840.10008.1.2.4.81",
  v: "1.2.840.10008.1.2.4.90",
  w: "1.2.840.10008.1.2.4.91",
  r: "1.2.840.10008.1.2.5",
};

/** `-xe` … as DCMTK's clients have them, `+xe` … as its servers have them. */
export const syntaxFlags: Readonly<Record<string, string>> = Object.fromEntries(
  ["-x", "+x"].flatMap((prefix) => Object.entries(letters).map(([letter, uid]) => [prefix + letter, uid])),
);

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
