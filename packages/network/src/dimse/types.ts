/** DIMSE messages, PS3.7 9 and 10: command sets as plain objects with the standard's names. */

/** Fields of command sets in tag order: name, element of group 0000, VR. */
export const commandFields = [
  ["affectedSopClassUid", 0x0002, "UI"],
  ["requestedSopClassUid", 0x0003, "UI"],
  ["messageId", 0x0110, "US"],
  ["messageIdBeingRespondedTo", 0x0120, "US"],
  ["moveDestination", 0x0600, "AE"],
  ["priority", 0x0700, "US"],
  ["status", 0x0900, "US"],
  ["offendingElements", 0x0901, "AT"],
  ["errorComment", 0x0902, "LO"],
  ["errorId", 0x0903, "US"],
  ["affectedSopInstanceUid", 0x1000, "UI"],
  ["requestedSopInstanceUid", 0x1001, "UI"],
  ["eventTypeId", 0x1002, "US"],
  ["attributeIdentifierList", 0x1005, "AT"],
  ["actionTypeId", 0x1008, "US"],
  ["numberOfRemainingSuboperations", 0x1020, "US"],
  ["numberOfCompletedSuboperations", 0x1021, "US"],
  ["numberOfFailedSuboperations", 0x1022, "US"],
  ["numberOfWarningSuboperations", 0x1023, "US"],
  ["moveOriginatorAeTitle", 0x1030, "AE"],
  ["moveOriginatorMessageId", 0x1031, "US"],
] as const;

export type CommandFieldName = (typeof commandFields)[number][0];
type FieldValue<V extends string> = V extends "US" ? number : V extends "AT" ? readonly number[] : string;
export type CommandFieldValues = {
  readonly [F in (typeof commandFields)[number] as F[0]]?: FieldValue<F[2]> | undefined;
};

/** Command Field (0000,0100), PS3.7 Annex E.1. */
export const commandCodes = {
  "C-STORE-RQ": 0x0001,
  "C-STORE-RSP": 0x8001,
  "C-GET-RQ": 0x0010,
  "C-GET-RSP": 0x8010,
  "C-FIND-RQ": 0x0020,
  "C-FIND-RSP": 0x8020,
  "C-MOVE-RQ": 0x0021,
  "C-MOVE-RSP": 0x8021,
  "C-ECHO-RQ": 0x0030,
  "C-ECHO-RSP": 0x8030,
  "N-EVENT-REPORT-RQ": 0x0100,
  "N-EVENT-REPORT-RSP": 0x8100,
  "N-GET-RQ": 0x0110,
  "N-GET-RSP": 0x8110,
  "N-SET-RQ": 0x0120,
  "N-SET-RSP": 0x8120,
  "N-ACTION-RQ": 0x0130,
  "N-ACTION-RSP": 0x8130,
  "N-CREATE-RQ": 0x0140,
  "N-CREATE-RSP": 0x8140,
  "N-DELETE-RQ": 0x0150,
  "N-DELETE-RSP": 0x8150,
  "C-CANCEL-RQ": 0x0fff,
} as const;
export type CommandKind = keyof typeof commandCodes;

/** Any command set: its kind, whether a data set follows, and its fields. */
export interface Command extends CommandFieldValues {
  readonly kind: CommandKind;
  readonly hasDataSet: boolean;
}

type With<K extends CommandKind, F extends CommandFieldName> = Command & { readonly kind: K } & {
  readonly [P in F]-?: NonNullable<CommandFieldValues[P]>;
};

export type CEchoRq = With<"C-ECHO-RQ", "messageId" | "affectedSopClassUid">;
export type CEchoRsp = With<"C-ECHO-RSP", "messageIdBeingRespondedTo" | "status">;
export type CStoreRq = With<"C-STORE-RQ", "messageId" | "affectedSopClassUid" | "affectedSopInstanceUid">;
export type CStoreRsp = With<"C-STORE-RSP", "messageIdBeingRespondedTo" | "status">;
export type CFindRq = With<"C-FIND-RQ", "messageId" | "affectedSopClassUid">;
export type CFindRsp = With<"C-FIND-RSP", "messageIdBeingRespondedTo" | "status">;
export type CCancelRq = With<"C-CANCEL-RQ", "messageIdBeingRespondedTo">;

export const Priority = { Medium: 0x0000, High: 0x0001, Low: 0x0002 } as const;

export function isResponse(command: Command): boolean {
  return (commandCodes[command.kind] & 0x8000) !== 0;
}
