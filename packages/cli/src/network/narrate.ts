/** The timeline of an association in words, for `-v` and `-d`. */
import { transferSyntaxInfo, uidName } from "@isocenter/dicom";
import {
  type AssociationEvent,
  type AssociationObserver,
  type Command,
  type Pdu,
  statusOf,
} from "@isocenter/network";
import { printable } from "../table.ts";
import { dataSetText } from "./data-set-text.ts";

export interface NarrateOptions {
  write(text: string): unknown;
  /** Steps of the state machine and data sets too. */
  readonly debug: boolean;
  readonly showPhi: boolean;
  /** Told in front of each line, where several associations are told of. */
  readonly label?: string;
}

/** Bytes of each data set that `-d` keeps to show. */
export const recordedBytes = 65_536;

export function narrator(options: NarrateOptions): AssociationObserver {
  const story = new Story(options);
  return (event) => story.tell(event);
}

class Story {
  readonly #options: NarrateOptions;
  readonly #syntaxes = new Map<number, string>();
  /** Names of contexts as they were proposed. */
  readonly #proposed = new Map<number, string>();
  readonly #asked = new Map<string, number>();
  #begin: number | undefined;

  constructor(options: NarrateOptions) {
    this.#options = options;
  }

  tell(event: AssociationEvent): void {
    this.#begin ??= event.at;
    const [first, ...more] = this.#lines(event);
    if (first === undefined) return;
    const time = `${(event.at - this.#begin).toFixed(1).padStart(8)} ms`;
    const label = this.#options.label === undefined ? "" : `${this.#options.label} `;
    this.#options.write(`${label}${time}  ${printable(first)}\n`);
    for (const line of more)
      this.#options.write(`${label}${" ".repeat(time.length)}    ${printable(line)}\n`);
  }

  #lines(event: AssociationEvent): string[] {
    switch (event.kind) {
      case "connected": {
        const { remote, security } = event.description ?? {};
        const to = remote === undefined ? "" : ` to ${remote}`;
        return [
          `Connected${to}${security === undefined ? "" : `, ${security.protocol} ${security.cipher}`}.`,
        ];
      }
      case "pdu":
        return this.#pdu(event.direction === "sent" ? "→" : "←", event.pdu);
      case "transition":
        return this.#options.debug
          ? [`  ${event.from} ${event.event} ${event.action ?? "-"} → ${event.to}`]
          : [];
      case "command":
        return [this.#command(event.direction === "sent" ? "→" : "←", event)];
      case "data-set":
        return this.#dataSet(event);
      case "timeout":
        return [`The ${event.timer} timer ran out after ${event.ms / 1000} s.`];
      case "ended":
        return [
          event.error === undefined
            ? "The association was released."
            : `The association ended: ${event.error.message}`,
        ];
    }
  }

  #pdu(arrow: string, pdu: Pdu): string[] {
    switch (pdu.kind) {
      case "A-ASSOCIATE-RQ": {
        const { userInformation: user } = pdu;
        const extras = [
          `maximum PDU ${pduWords(user.maximumPduLength)}`,
          ...(user.asynchronousOperations === undefined
            ? []
            : [`${windowWords(user.asynchronousOperations.invoked)} operations at a time`]),
          ...(user.userIdentity === undefined ? [] : [`user identity by ${user.userIdentity.type}`]),
        ];
        return [
          `${arrow} A-ASSOCIATE-RQ: ${pdu.callingAeTitle} calls ${pdu.calledAeTitle}, ${extras.join(", ")}`,
          ...pdu.contexts.map(({ id, abstractSyntaxUid, transferSyntaxUids }) => {
            this.#proposed.set(id, nameOf(abstractSyntaxUid));
            const role = user.roleSelections?.find(({ sopClassUid }) => sopClassUid === abstractSyntaxUid);
            return `${id}: ${nameOf(abstractSyntaxUid)} in ${transferSyntaxUids.map(syntaxName).join(", ")}${role?.scpRole === true ? ", requestor as SCP" : ""}`;
          }),
        ];
      }
      case "A-ASSOCIATE-AC": {
        const { userInformation: user } = pdu;
        const window = user.asynchronousOperations;
        return [
          `${arrow} A-ASSOCIATE-AC: accepted by ${user.implementationVersionName ?? "an unnamed implementation"} (${user.implementationClassUid}), maximum PDU ${pduWords(user.maximumPduLength)}${window === undefined ? "" : `, ${windowWords(window.invoked)} operations at a time`}`,
          ...pdu.contexts.map(({ id, result, transferSyntaxUid }) => {
            if (result === "acceptance") this.#syntaxes.set(id, transferSyntaxUid);
            const name = this.#proposed.get(id) ?? "not proposed";
            return `${id}: ${name} ${result === "acceptance" ? `in ${syntaxName(transferSyntaxUid)}` : `refused: ${result}`}`;
          }),
        ];
      }
      case "A-ASSOCIATE-RJ":
        return [`${arrow} A-ASSOCIATE-RJ: ${pdu.result} by ${pdu.source}: ${pdu.reason}`];
      case "A-ABORT":
        return [
          `${arrow} A-ABORT by ${pdu.source === 0 ? "the application" : "the protocol layer"}, reason ${pdu.reason}`,
        ];
      default:
        return [`${arrow} ${pdu.kind}`];
    }
  }

  #command(arrow: string, { at, command }: Extract<AssociationEvent, { kind: "command" }>): string {
    const id = command.messageId ?? command.messageIdBeingRespondedTo ?? 0;
    const isResponse = command.kind.endsWith("-RSP");
    // Both sides number their own messages: the arrow of the request tells them apart.
    const key = `${isResponse === (arrow === "←") ? "ours" : "theirs"} ${id}`;
    if (!isResponse && command.kind !== "C-CANCEL-RQ") this.#asked.set(key, at);
    const since = isResponse ? this.#asked.get(key) : undefined;
    const took = since === undefined ? "" : `, after ${(at - since).toFixed(1)} ms`;
    if (isResponse && !isPending(command)) this.#asked.delete(key);
    return `${arrow} ${command.kind} #${id}${details(command)}${took}`;
  }

  #dataSet({
    direction,
    contextId,
    bytes,
    fragments,
    ms,
    content,
  }: Extract<AssociationEvent, { kind: "data-set" }>): string[] {
    const arrow = direction === "sent" ? "→" : "←";
    const seconds = ms / 1000;
    const rate = bytes > 100_000 && seconds > 0 ? `, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s` : "";
    const head = `${arrow} data set, ${bytes} bytes in ${fragments} ${fragments === 1 ? "PDV" : "PDVs"}${rate}`;
    const syntax = this.#syntaxes.get(contextId);
    if (!this.#options.debug) return bytes > 100_000 ? [head] : [];
    if (content === undefined || syntax === undefined) return [head];
    const isCut = content.byteLength < bytes;
    return [head, ...dataSetText(content, syntax, { showPhi: this.#options.showPhi, isCut })];
  }
}

const isPending = ({ status }: Command): boolean => status === 0xff00 || status === 0xff01;

function details(command: Command): string {
  const parts: string[] = [];
  const sopClassUid = command.affectedSopClassUid ?? command.requestedSopClassUid;
  const isRequest = command.kind.endsWith("-RQ");
  if (isRequest && sopClassUid !== undefined) parts.push(nameOf(sopClassUid));
  if (isRequest && command.moveDestination !== undefined) parts.push(`to ${command.moveDestination}`);
  const instance = command.affectedSopInstanceUid ?? command.requestedSopInstanceUid;
  if (isRequest && instance !== undefined) parts.push(instance);
  if (command.status !== undefined) {
    const service = command.kind.replace(/-RSP$/, "");
    const code = command.status.toString(16).toUpperCase().padStart(4, "0");
    parts.push(`${code}H ${statusOf(command.status, service).meaning}`);
  }
  const counters = [
    ["remaining", command.numberOfRemainingSuboperations],
    ["completed", command.numberOfCompletedSuboperations],
    ["failed", command.numberOfFailedSuboperations],
    ["with warnings", command.numberOfWarningSuboperations],
  ] as const;
  const told = counters.flatMap(([word, count]) => (count === undefined ? [] : [`${count} ${word}`]));
  if (told.length > 0) parts.push(told.join(", "));
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

const nameOf = (uid: string): string => uidName(uid) ?? uid;
const syntaxName = (uid: string): string => transferSyntaxInfo(uid)?.name ?? nameOf(uid);
const pduWords = (length: number): string => (length === 0 ? "without limit" : `${length} bytes`);
const windowWords = (count: number): string => (count === 0 ? "unlimited" : String(count));
