/** DIMSE statuses in words, PS3.7 Annex C and the services' own tables in PS3.4. */
import type { DimseStatus } from "../errors.ts";
import { packedStatuses } from "./statuses.generated.ts";

/** The statuses that services here answer with. */
export const Status = {
  Success: 0x0000,
  InvalidAttributeValue: 0x0106,
  /** N-SET, N-CREATE: attributes were left out or changed. */
  AttributeListError: 0x0107,
  ProcessingFailure: 0x0110,
  DuplicateSopInstance: 0x0111,
  NoSuchSopInstance: 0x0112,
  NoSuchEventType: 0x0113,
  NoSuchArgument: 0x0114,
  InvalidArgumentValue: 0x0115,
  NoSuchSopClass: 0x0118,
  ClassInstanceConflict: 0x0119,
  MissingAttribute: 0x0120,
  MissingAttributeValue: 0x0121,
  SopClassNotSupported: 0x0122,
  NoSuchAction: 0x0123,
  NotAuthorized: 0x0124,
  DuplicateInvocation: 0x0210,
  UnrecognizedOperation: 0x0211,
  MistypedArgument: 0x0212,
  ResourceLimitation: 0x0213,
  OutOfResources: 0xa700,
  /** C-MOVE, C-GET: the number of matches cannot be told. */
  UnableToCalculateMatches: 0xa701,
  /** C-MOVE, C-GET: no sub-operation could be done. */
  UnableToPerformSuboperations: 0xa702,
  MoveDestinationUnknown: 0xa801,
  IdentifierDoesNotMatch: 0xa900,
  CannotUnderstand: 0xc000,
  UnableToProcess: 0xc001,
  /** C-STORE: stored, not as sent. */
  CoercionOfDataElements: 0xb000,
  /** C-GET, C-MOVE: complete, one or more failed. */
  SubOperationsWithFailures: 0xb000,
  Cancel: 0xfe00,
  Pending: 0xff00,
  /** Pending, and optional keys were not matched. */
  PendingWithWarning: 0xff01,
} as const;

interface Row {
  readonly service: string;
  readonly from: number;
  readonly to: number;
  readonly category: DimseStatus["category"];
  readonly meaning: string;
}
let rows: readonly Row[] | undefined;
const known = new Map<string, DimseStatus>();

/** @param service part of a service's name in the table, such as `C-STORE`; general meanings apply to all */
export function statusOf(code: number, service = ""): DimseStatus {
  const key = `${service} ${code}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const status = lookUp(code, service);
  if (known.size < 10_000) known.set(key, status); // codes come from peers: not without end
  return status;
}

function lookUp(code: number, service: string): DimseStatus {
  rows ??= packedStatuses.map((line) => {
    const [name = "", range = "", category = "", meaning = ""] = line.split("|");
    const [from = "", to = from] = range.split("-");
    return {
      service: name,
      from: Number.parseInt(from, 16),
      to: Number.parseInt(to, 16),
      category: category.toLowerCase() as DimseStatus["category"],
      meaning,
    };
  });
  const matching = rows.filter((row) => code >= row.from && code <= row.to);
  const own = matching.filter((row) => service !== "" && row.service.includes(service));
  // A single code inside a range wins over the range.
  const best = [...own, ...matching.filter((row) => row.service.startsWith("general"))].sort(
    (a, b) => a.to - a.from - (b.to - b.from),
  )[0];
  return best === undefined
    ? { code, category: categoryOf(code), meaning: "a status without a standard meaning" }
    : { code, category: best.category, meaning: best.meaning };
}

/** By the code alone, PS3.7 C.1–C.4. */
function categoryOf(code: number): DimseStatus["category"] {
  if (code === 0x0000) return "success";
  if (code === 0xfe00) return "cancel";
  if (code === 0xff00 || code === 0xff01) return "pending";
  if (code === 0x0001 || code === 0x0107 || code === 0x0116 || code >>> 12 === 0xb) return "warning";
  return "failure";
}
