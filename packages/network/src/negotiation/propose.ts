/** The requestor's half of the negotiation: what goes into A-ASSOCIATE-RQ, and what A-ASSOCIATE-AC made of it. */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from "@isocenter/dicom";
import { LocalProtocolError } from "../errors.ts";
import {
  type AAssociateAc,
  type AAssociateRq,
  type AsynchronousOperations,
  applicationContextName,
  type CommonExtendedNegotiation,
  type ExtendedNegotiation,
  type RoleSelection,
  type UserIdentity,
} from "../pdu/types.ts";
import {
  type AcceptedAssociation,
  defaultMaximumPduLength,
  type PresentationContextNegotiated,
  type PresentationContextProposal,
  synchronous,
  type UserIdentityInit,
} from "./types.ts";

/** Presentation context ids are odd numbers 1–255 (PS3.8 9.3.2.2). */
export const maximumContexts = 128;

export interface ProposalOptions {
  /** 1–16 characters; case is kept. */
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** 1–128, offered in this order. */
  readonly contexts: readonly PresentationContextProposal[];
  /** Bytes that the peer may send in one P-DATA-TF; 0 for no limit. Default 131,072. */
  readonly maximumPduLength?: number;
  /**
   * Operations under way at a time, in both directions; 0 for no limit. Default: not negotiated, one at a time. Some
   * old devices drop the connection when it is offered.
   */
  readonly asynchronousOperations?: AsynchronousOperations;
  readonly userIdentity?: UserIdentityInit;
  readonly extendedNegotiations?: readonly ExtendedNegotiation[];
  readonly commonExtendedNegotiations?: readonly CommonExtendedNegotiation[];
  /** What this program says it is. Default: this library. */
  readonly implementation?: { readonly classUid: string; readonly versionName?: string };
}

/** @throws LocalProtocolError `argument-invalid` */
export function associateRq(options: ProposalOptions): AAssociateRq {
  const { contexts, asynchronousOperations, userIdentity, extendedNegotiations } = options;
  if (contexts.length === 0 || contexts.length > maximumContexts) {
    throw new LocalProtocolError(
      "argument-invalid",
      `An association offers 1 to ${maximumContexts} presentation contexts, not ${contexts.length}.`,
    );
  }
  checkMaximumPduLength(options.maximumPduLength);
  const roleSelections = rolesOf(contexts);
  const { classUid, versionName } = options.implementation ?? {
    classUid: IMPLEMENTATION_CLASS_UID,
    versionName: IMPLEMENTATION_VERSION_NAME,
  };
  return {
    kind: "A-ASSOCIATE-RQ",
    protocolVersion: 1,
    callingAeTitle: checkedAeTitle(options.callingAeTitle),
    calledAeTitle: checkedAeTitle(options.calledAeTitle),
    applicationContextName,
    contexts: contexts.map(({ abstractSyntaxUid, transferSyntaxUids }, index) => ({
      id: idOf(index),
      abstractSyntaxUid,
      transferSyntaxUids,
    })),
    userInformation: {
      maximumPduLength: options.maximumPduLength ?? defaultMaximumPduLength,
      implementationClassUid: classUid,
      ...(versionName === undefined ? {} : { implementationVersionName: versionName }),
      ...(asynchronousOperations === undefined ? {} : { asynchronousOperations }),
      ...(roleSelections.length === 0 ? {} : { roleSelections }),
      ...(extendedNegotiations === undefined ? {} : { extendedNegotiations }),
      ...(options.commonExtendedNegotiations === undefined
        ? {}
        : { commonExtendedNegotiations: options.commonExtendedNegotiations }),
      ...(userIdentity === undefined ? {} : { userIdentity: encodedIdentity(userIdentity) }),
    },
  };
}

/** What the answer makes of the proposal. */
export function agreementOf(
  request: AAssociateRq,
  proposals: readonly PresentationContextProposal[],
  answer: AAssociateAc,
): AcceptedAssociation {
  const user = answer.userInformation;
  const contexts = proposals.map((proposal, index): PresentationContextNegotiated => {
    const id = idOf(index);
    const found = answer.contexts.find((one) => one.id === id);
    // A syntax that was not proposed is no agreement: nothing could be encoded in it that both sides know.
    const isProposed = proposal.transferSyntaxUids.includes(found?.transferSyntaxUid ?? "");
    const result =
      found?.result === "acceptance" && !isProposed ? "no-reason" : (found?.result ?? "no-reason");
    const role = user.roleSelections?.find((one) => one.sopClassUid === proposal.abstractSyntaxUid);
    const wanted = wantedRoles(proposal);
    return {
      id,
      abstractSyntaxUid: proposal.abstractSyntaxUid,
      result,
      transferSyntaxUid: result === "acceptance" ? found?.transferSyntaxUid : undefined,
      // Some PACS accept the context, send the instances of a C-GET, and answer no role: no answer is read as a yes.
      requestorRoles:
        role === undefined ? wanted : { scu: wanted.scu && role.scuRole, scp: wanted.scp && role.scpRole },
    };
  });
  return {
    callingAeTitle: request.callingAeTitle,
    calledAeTitle: request.calledAeTitle,
    contexts,
    maximumPduLength: user.maximumPduLength,
    implementationClassUid: user.implementationClassUid,
    implementationVersionName: user.implementationVersionName,
    asynchronousOperations: narrowed(
      request.userInformation.asynchronousOperations,
      user.asynchronousOperations,
    ),
    extendedNegotiations: user.extendedNegotiations ?? [],
    ...(user.userIdentityResponse === undefined ? {} : { userIdentityResponse: user.userIdentityResponse }),
  };
}

/** The smaller of what was offered and answered, where 0 is no limit; no answer is no agreement. */
function narrowed(
  offered: AsynchronousOperations | undefined,
  answered: AsynchronousOperations | undefined,
): AsynchronousOperations {
  if (offered === undefined || answered === undefined) return synchronous;
  return {
    invoked: smallerWindow(offered.invoked, answered.invoked),
    performed: smallerWindow(offered.performed, answered.performed),
  };
}

/**
 * A P-DATA-TF needs six bytes for the header of a fragment, and a fragment has an even number of bytes.
 * @throws LocalProtocolError `argument-invalid`
 */
export function checkMaximumPduLength(length = 0): void {
  if (length === 0 || (Number.isInteger(length) && length >= 8 && length <= 0xffff_ffff)) return;
  throw new LocalProtocolError(
    "argument-invalid",
    `A maximum PDU length is 0 for no limit, or at least 8 bytes, not ${length}.`,
  );
}

/** 0 is no limit. */
export function smallerWindow(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b);
}

const idOf = (index: number): number => index * 2 + 1;

function wantedRoles({ role = "scu" }: PresentationContextProposal): { scu: boolean; scp: boolean } {
  return { scu: role !== "scp", scp: role !== "scu" };
}

/** One item per SOP class, only where a role other than the default is wanted. */
function rolesOf(contexts: readonly PresentationContextProposal[]): RoleSelection[] {
  const roles = new Map<string, RoleSelection>();
  for (const context of contexts) {
    if (context.role === undefined || context.role === "scu") continue;
    const { scu, scp } = wantedRoles(context);
    const sopClassUid = context.abstractSyntaxUid;
    const before = roles.get(sopClassUid);
    roles.set(sopClassUid, {
      sopClassUid,
      scuRole: scu || before?.scuRole === true,
      scpRole: scp || before?.scpRole === true,
    });
  }
  return [...roles.values()];
}

function checkedAeTitle(title: string): string {
  // PS3.5 6.2, VR AE: no backslash and no control characters; only spaces is no title.
  if (/^[\x20-\x5b\x5d-\x7e]{1,16}$/.test(title) && title.trim() !== "") return title;
  throw new LocalProtocolError(
    "argument-invalid",
    `"${title}" is not an AE title: 1 to 16 letters, digits or signs without backslash.`,
  );
}

function encodedIdentity(identity: UserIdentityInit): UserIdentity {
  const { positiveResponseRequested = false } = identity;
  const bytes = (value: string | Uint8Array): Uint8Array =>
    typeof value === "string" ? new TextEncoder().encode(value) : value;
  if ("username" in identity) {
    const { username, passcode } = identity;
    return passcode === undefined
      ? { type: "username", primary: bytes(username), positiveResponseRequested }
      : {
          type: "username-and-passcode",
          primary: bytes(username),
          secondary: bytes(passcode),
          positiveResponseRequested,
        };
  }
  if ("jwt" in identity) return { type: "jwt", primary: bytes(identity.jwt), positiveResponseRequested };
  if ("saml" in identity) return { type: "saml", primary: bytes(identity.saml), positiveResponseRequested };
  return { type: "kerberos", primary: identity.kerberos, positiveResponseRequested };
}
