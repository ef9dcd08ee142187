/** Transfer syntaxes (PS3.5 10, PS3.6 A): how each encodes a data set. */
import { packedTransferSyntaxes } from "./transfer-syntaxes.generated.ts";

export { TransferSyntax } from "./transfer-syntaxes.generated.ts";

export interface TransferSyntaxInfo {
  readonly uid: string;
  readonly keyword: string;
  readonly name: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly deflated: boolean;
  /** Pixel data is a sequence of fragments. */
  readonly encapsulated: boolean;
  /** Pixels may differ from the original. */
  readonly lossy: boolean;
  readonly retired: boolean;
}

let table: Map<string, TransferSyntaxInfo> | undefined;

export function transferSyntaxInfo(uid: string): TransferSyntaxInfo | undefined {
  if (table === undefined) {
    table = new Map();
    for (const line of packedTransferSyntaxes) {
      const [id = "", keyword = "", name = "", flags = ""] = line.split("|");
      const flag = (index: number): boolean => flags.charAt(index) === "1";
      table.set(id, {
        uid: id,
        keyword,
        name,
        explicitVr: flag(0),
        littleEndian: flag(1),
        deflated: flag(2),
        encapsulated: flag(3),
        lossy: flag(4),
        retired: flag(5),
      });
    }
  }
  return table.get(uid);
}

/** All registered transfer syntaxes for data sets. */
export function transferSyntaxes(): readonly TransferSyntaxInfo[] {
  transferSyntaxInfo("");
  return [...(table?.values() ?? [])];
}
