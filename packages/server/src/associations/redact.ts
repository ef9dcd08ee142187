/**
 * What may be told of an association's events. Patient data is kept out by construction: of each event only named fields
 * are copied, none of which is free text; identities, passcodes and error comments are not among them. Of data sets, where
 * they are recorded, values are kept only for representations that hold numbers, codes and UIDs.
 */
import { decodeDataSet, type DataSet, formatTag, keywordOf } from "@isocenter/dicom";
import type { AssociationEvent, Command, Pdu } from "@isocenter/network";
import { hex } from "../transfers/transfer.ts";

export type RedactedEvent = Readonly<Record<string, unknown>> & {
  readonly kind: string;
  readonly at: number;
};

/** @param syntaxOf the transfer syntax of a context, for data sets that were recorded */
export function redacted(
  event: AssociationEvent,
  syntaxOf: (contextId: number) => string | undefined,
): RedactedEvent {
  const at = Math.round(event.at * 10) / 10;
  switch (event.kind) {
    case "connected": {
      const { local, remote, security } = event.description ?? {};
      const tls =
        security === undefined ? undefined : { protocol: security.protocol, cipher: security.cipher };
      return { kind: event.kind, at, ...defined({ local, remote, tls }) };
    }
    case "pdu":
      return { kind: event.kind, at, direction: event.direction, pdu: redactedPdu(event.pdu) };
    case "transition": {
      const { from, event: input, action, to } = event;
      return { kind: event.kind, at, from, event: input, to, ...defined({ action }) };
    }
    case "command": {
      const { direction, contextId, command } = event;
      return { kind: event.kind, at, direction, contextId, command: redactedCommand(command) };
    }
    case "data-set": {
      const { direction, contextId, messageId, bytes, fragments, ms, content } = event;
      const syntax = syntaxOf(contextId);
      const elements =
        content === undefined || syntax === undefined ? undefined : redactedDataSet(content, syntax);
      const rate = { ms: Math.round(ms * 10) / 10 };
      return {
        kind: event.kind,
        at,
        direction,
        contextId,
        messageId,
        bytes,
        fragments,
        ...rate,
        ...defined({ elements }),
      };
    }
    case "timeout":
      return { kind: event.kind, at, timer: event.timer, ms: event.ms };
    case "ended":
      return { kind: event.kind, at, ...defined({ code: event.error?.code }) };
  }
}

function redactedPdu(pdu: Pdu): Readonly<Record<string, unknown>> {
  switch (pdu.kind) {
    case "A-ASSOCIATE-RQ":
    case "A-ASSOCIATE-AC": {
      const { kind, callingAeTitle, calledAeTitle, contexts, userInformation } = pdu;
      const { maximumPduLength, implementationClassUid, implementationVersionName } = userInformation;
      const { asynchronousOperations, roleSelections, userIdentity } = userInformation;
      return {
        kind,
        callingAeTitle,
        calledAeTitle,
        contexts,
        maximumPduLength,
        implementationClassUid,
        ...defined({ implementationVersionName, asynchronousOperations, roleSelections }),
        ...defined({ userIdentityType: userIdentity?.type }),
      };
    }
    case "A-ASSOCIATE-RJ":
      return { kind: pdu.kind, result: pdu.result, source: pdu.source, reason: pdu.reason };
    case "A-ABORT":
      return { kind: pdu.kind, source: pdu.source, reason: pdu.reason };
    case "A-RELEASE-RQ":
    case "A-RELEASE-RP":
      return { kind: pdu.kind };
  }
}

/** UIDs, numbers and AE titles; no comment, which is free text. */
const commandFields = [
  "kind",
  "messageId",
  "messageIdBeingRespondedTo",
  "affectedSopClassUid",
  "requestedSopClassUid",
  "affectedSopInstanceUid",
  "requestedSopInstanceUid",
  "priority",
  "moveDestination",
  "moveOriginatorAeTitle",
  "moveOriginatorMessageId",
  "hasDataSet",
  "eventTypeId",
  "actionTypeId",
  "errorId",
  "numberOfRemainingSuboperations",
  "numberOfCompletedSuboperations",
  "numberOfFailedSuboperations",
  "numberOfWarningSuboperations",
] as const satisfies readonly (keyof Command)[];

function redactedCommand(command: Command): Readonly<Record<string, unknown>> {
  const kept = Object.fromEntries(
    commandFields.flatMap((field) => (command[field] === undefined ? [] : [[field, command[field]]])),
  );
  return command.status === undefined ? kept : { ...kept, status: hex(command.status) };
}

/** Numbers, codes and UIDs. Group 0010, the patient's, is left out whatever its representation. */
const toldVrs = new Set(["UI", "US", "UL", "SS", "SL", "UV", "SV", "FL", "FD", "AT", "CS"]);
const patientGroup = 0x0010;
const mostElements = 200;

function redactedDataSet(content: Uint8Array, transferSyntaxUid: string): readonly object[] | undefined {
  let dataSet: DataSet;
  try {
    dataSet = decodeDataSet(content, transferSyntaxUid);
  } catch {
    return undefined; // only its beginning was recorded
  }
  return dataSet.elements.slice(0, mostElements).map(({ tag, vr }) => {
    const isTold = toldVrs.has(vr) && tag >>> 16 !== patientGroup;
    return {
      tag: formatTag(tag),
      ...defined({ keyword: keywordOf(tag) }),
      vr,
      ...(isTold ? { value: dataSet.strings(tag).slice(0, 16) } : { redacted: true }),
    };
  });
}

/** Without what is undefined. */
function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
