/** An association's events read as a story: what was negotiated, which messages went by, and how it ended. */
import { uidName } from "@isocenter/dicom";
import type { AssociationRecord, TimelineEvent } from "../api/types.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface ContextRow {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly proposed: readonly string[];
  /** Undefined until it is answered. */
  readonly result: string | undefined;
  readonly accepted: string | undefined;
}

export interface MessageRow {
  readonly at: number;
  readonly direction: "sent" | "received";
  readonly kind: string;
  readonly messageId: number | undefined;
  readonly about: string;
  readonly status: string | undefined;
  /** ms from its request. */
  readonly took: number | undefined;
  readonly bytes: number | undefined;
}

export type Outcome = "released" | "rejected" | "aborted" | "failed" | "running";
export type HintId =
  | "calledAe"
  | "callingAe"
  | "limit"
  | "transient"
  | "application"
  | "noContexts"
  | "aborted"
  | "timeout"
  | "unknown";

export interface Story {
  readonly calling: string;
  readonly called: string;
  readonly contexts: readonly ContextRow[];
  readonly messages: readonly MessageRow[];
  readonly outcome: Outcome;
  /** In the words of the side that failed; undefined when nothing did. */
  readonly failure: string | undefined;
  readonly hint: HintId | undefined;
  readonly duration: number;
}

export function storyOf(record: AssociationRecord): Story {
  const events = record.events ?? [];
  const contexts = new Map<number, ContextRow>();
  const messages: MessageRow[] = [];
  const asked = new Map<string, number>();
  let [calling, called] = [record.callingAE ?? "", record.calledAE ?? ""];
  let outcome: Outcome = record.endedAt === undefined ? "running" : "released";
  let failure: string | undefined;
  let hint: HintId | undefined;
  for (const event of events) {
    const pdu = event["pdu"] as Fields | undefined;
    switch (pdu?.["kind"]) {
      case "A-ASSOCIATE-RQ":
        calling = text(pdu["callingAeTitle"]) || calling;
        called = text(pdu["calledAeTitle"]) || called;
        for (const context of list(pdu["contexts"])) {
          contexts.set(Number(context["id"]), {
            id: Number(context["id"]),
            abstractSyntax: text(context["abstractSyntaxUid"]),
            proposed: (context["transferSyntaxUids"] as readonly string[] | undefined) ?? [],
            result: undefined,
            accepted: undefined,
          });
        }
        break;
      case "A-ASSOCIATE-AC":
        for (const context of list(pdu["contexts"])) {
          const known = contexts.get(Number(context["id"]));
          const result = text(context["result"]);
          if (known !== undefined) {
            const accepted = result === "acceptance" ? text(context["transferSyntaxUid"]) : undefined;
            contexts.set(known.id, { ...known, result, accepted });
          }
        }
        if (contexts.size > 0 && [...contexts.values()].every(({ accepted }) => accepted === undefined)) {
          hint = "noContexts";
        }
        break;
      case "A-ASSOCIATE-RJ":
        outcome = "rejected";
        failure = `${text(pdu["result"])}, ${text(pdu["source"])}: ${text(pdu["reason"])}`;
        hint = rejectionHint(text(pdu["reason"]), text(pdu["result"]));
        break;
      case "A-ABORT":
        outcome = "aborted";
        failure ??= `A-ABORT, ${text(pdu["source"])}: ${text(pdu["reason"])}`;
        hint ??= "aborted";
        break;
      default:
    }
    if (event.kind === "command") messages.push(messageOf(event, asked));
    if (event.kind === "data-set") addBytes(messages, event);
    if (event.kind === "timeout") {
      failure ??= `${text(event["timer"])}: ${Number(event["ms"]) / 1000} s`;
      hint ??= "timeout";
    }
    if (event.kind === "ended") {
      const error = event["error"] as Fields | undefined;
      if (error === undefined) outcome = outcome === "running" ? "released" : outcome;
      else {
        if (outcome !== "rejected" && outcome !== "aborted") outcome = "failed";
        failure ??= text(error["message"]) || text(error["code"]);
        hint ??= "unknown";
      }
    }
  }
  const [first, last] = [events[0], events.at(-1)];
  return {
    calling,
    called,
    contexts: [...contexts.values()],
    messages,
    outcome,
    failure,
    hint: failure === undefined && hint !== "noContexts" ? undefined : hint,
    duration: first === undefined || last === undefined ? 0 : last.at - first.at,
  };
}

function messageOf(event: TimelineEvent, asked: Map<string, number>): MessageRow {
  const command = (event["command"] ?? {}) as Fields;
  const kind = text(command["kind"]);
  const isResponse = kind.endsWith("-RSP");
  const direction = event.direction ?? "sent";
  const messageId = (command["messageId"] ?? command["messageIdBeingRespondedTo"]) as number | undefined;
  // Each side numbers its own messages.
  const key = `${isResponse === (direction === "received") ? "ours" : "theirs"} ${messageId}`;
  if (!isResponse) asked.set(key, event.at);
  const since = isResponse ? asked.get(key) : undefined;
  const sopClass = text(command["affectedSopClassUid"] ?? command["requestedSopClassUid"]);
  const status = command["status"];
  return {
    at: event.at,
    direction,
    kind,
    messageId,
    about: nameOf(sopClass),
    status: typeof status === "number" ? `${status.toString(16).toUpperCase().padStart(4, "0")}H` : undefined,
    took: since === undefined ? undefined : event.at - since,
    bytes: undefined,
  };
}

/** A data set belongs to the last command that went its way with its number. */
function addBytes(messages: MessageRow[], event: TimelineEvent): void {
  const at = messages.findLastIndex(
    ({ direction, messageId }) => direction === event.direction && messageId === event["messageId"],
  );
  const message = messages[at];
  if (message !== undefined) messages[at] = { ...message, bytes: Number(event["bytes"]) };
}

/** Reasons as PS3.8 Table 9-21 names them, in whichever spelling. */
function rejectionHint(reason: string, result: string): HintId {
  const words = reason.toLowerCase();
  if (words.includes("called")) return "calledAe";
  if (words.includes("calling")) return "callingAe";
  if (words.includes("limit") || words.includes("congestion")) return "limit";
  if (words.includes("application")) return "application";
  return result.includes("transient") ? "transient" : "unknown";
}

export const nameOf = (uid: string): string => (uid === "" ? "" : (uidName(uid) ?? uid));

const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
const list = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? (value as readonly Fields[]) : [];

/** What identifies a patient is left out: data sets, and identifiers in commands other than UIDs of classes. */
export function redacted(record: AssociationRecord): AssociationRecord {
  return JSON.parse(
    JSON.stringify(record, (key, value: unknown) =>
      [
        "content",
        "affectedSopInstanceUid",
        "requestedSopInstanceUid",
        "userIdentity",
        "userIdentityResponse",
      ].includes(key)
        ? undefined
        : value,
    ),
  ) as AssociationRecord;
}

/** @returns undefined for what is no transcript */
export function parseTranscript(json: string): AssociationRecord | undefined {
  try {
    const record = JSON.parse(json) as AssociationRecord | null;
    const isEvents =
      Array.isArray(record?.events) &&
      record.events.every(
        (event: TimelineEvent | null) => typeof event?.kind === "string" && typeof event.at === "number",
      );
    return isEvents ? record : undefined;
  } catch {
    return undefined;
  }
}
