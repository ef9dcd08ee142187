/**
 * The acceptor's half of the negotiation: which contexts, roles and windows it answers to A-ASSOCIATE-RQ. A pure function
 * of the request and of what the services can do.
 */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, transferSyntaxInfo } from "@isocenter/dicom";
import {
  type AAssociateAc,
  type AAssociateRq,
  type AsynchronousOperations,
  applicationContextName,
  type ContextResult,
  type ExtendedNegotiation,
  type PresentationContextRq,
  type RoleSelection,
} from "../pdu/types.ts";
import { Verification } from "../services/models.ts";
import type { Services } from "../services/types.ts";
import { smallerWindow } from "./propose.ts";
import { type AcceptedAssociation, type PresentationContextNegotiated, synchronous } from "./types.ts";

export interface AcceptancePolicy {
  readonly services: Services;
  readonly maximumPduLength: number;
  readonly asynchronousOperations: AsynchronousOperations;
  readonly implementation?: { readonly classUid: string; readonly versionName?: string } | undefined;
  /** Answer to a user identity that asked for one. */
  readonly userIdentityResponse?: Uint8Array | undefined;
}

/** @returns the PDU to answer, and what it means */
export function acceptanceOf(
  request: AAssociateRq,
  policy: AcceptancePolicy,
): { answer: AAssociateAc; accepted: AcceptedAssociation } {
  const { services, maximumPduLength, userIdentityResponse } = policy;
  const user = request.userInformation;
  const roles = new Map((user.roleSelections ?? []).map((role) => [role.sopClassUid, role]));
  const general = new Map(
    (user.commonExtendedNegotiations ?? []).map((one) => [one.sopClassUid, one.relatedGeneralSopClassUids]),
  );
  // A requestor that retrieves with C-GET and forgot to say that it takes the instances is understood all the same.
  const isGetter = request.contexts.some(({ abstractSyntaxUid }) => isGetModel(services, abstractSyntaxUid));
  const contexts = request.contexts.map((context) =>
    negotiated(context, services, general.get(context.abstractSyntaxUid) ?? [], {
      selection: roles.get(context.abstractSyntaxUid),
      isGetter,
    }),
  );
  const roleSelections = answeredRoles(user.roleSelections ?? [], contexts);
  const extendedNegotiations = (user.extendedNegotiations ?? []).flatMap((item) =>
    answeredExtension(item, services),
  );
  const asynchronous = windows(user.asynchronousOperations, policy.asynchronousOperations);
  const { classUid, versionName } = policy.implementation ?? {
    classUid: IMPLEMENTATION_CLASS_UID,
    versionName: IMPLEMENTATION_VERSION_NAME,
  };
  return {
    answer: {
      kind: "A-ASSOCIATE-AC",
      protocolVersion: 1,
      calledAeTitle: request.calledAeTitle,
      callingAeTitle: request.callingAeTitle,
      applicationContextName,
      contexts: contexts.map(({ id, result, transferSyntaxUid }, index) => ({
        id,
        result,
        // Not significant when refused, but it must be a UID: the first that was proposed.
        transferSyntaxUid:
          transferSyntaxUid ?? request.contexts[index]?.transferSyntaxUids[0] ?? "1.2.840.10008.1.2",
      })),
      userInformation: {
        maximumPduLength,
        implementationClassUid: classUid,
        ...(versionName === undefined ? {} : { implementationVersionName: versionName }),
        ...(user.asynchronousOperations === undefined ? {} : { asynchronousOperations: asynchronous }),
        ...(roleSelections.length === 0 ? {} : { roleSelections }),
        ...(extendedNegotiations.length === 0 ? {} : { extendedNegotiations }),
        ...(userIdentityResponse === undefined ? {} : { userIdentityResponse }),
      },
    },
    accepted: {
      callingAeTitle: request.callingAeTitle,
      calledAeTitle: request.calledAeTitle,
      contexts,
      maximumPduLength: user.maximumPduLength,
      implementationClassUid: user.implementationClassUid,
      implementationVersionName: user.implementationVersionName,
      // The numbers of the PDU are the requestor's: what it invokes is what we perform.
      asynchronousOperations: { invoked: asynchronous.performed, performed: asynchronous.invoked },
      extendedNegotiations,
      ...(user.userIdentity === undefined ? {} : { userIdentity: user.userIdentity }),
    },
  };
}

function negotiated(
  { id, abstractSyntaxUid, transferSyntaxUids }: PresentationContextRq,
  services: Services,
  relatedGeneral: readonly string[],
  role: { readonly selection: RoleSelection | undefined; readonly isGetter: boolean },
): PresentationContextNegotiated {
  // PS3.7 D.3.3.6: a SOP class that we do not know may be served as a more general one that we do.
  const choice = [abstractSyntaxUid, ...relatedGeneral]
    .map((uid) => syntaxChoice(uid, transferSyntaxUids, services))
    .find((one) => one !== undefined);
  const result: ContextResult =
    choice === undefined
      ? "abstract-syntax-not-supported"
      : choice.transferSyntaxUid === undefined
        ? "transfer-syntaxes-not-supported"
        : "acceptance";
  const { selection, isGetter } = role;
  const mayBeScp = choice?.weMayBeScu === true;
  return {
    id,
    abstractSyntaxUid,
    result,
    transferSyntaxUid: result === "acceptance" ? choice?.transferSyntaxUid : undefined,
    requestorRoles:
      selection === undefined
        ? { scu: true, scp: isGetter && mayBeScp }
        : { scu: selection.scuRole && choice?.weMayBeScp === true, scp: selection.scpRole && mayBeScp },
  };
}

interface SyntaxChoice {
  /** Undefined when none of the proposed fits. */
  readonly transferSyntaxUid: string | undefined;
  readonly weMayBeScp: boolean;
  readonly weMayBeScu: boolean;
}

/** What the services make of one abstract syntax; undefined when none has it. */
function syntaxChoice(
  abstractSyntaxUid: string,
  proposed: readonly string[],
  services: Services,
): SyntaxChoice | undefined {
  const { verification, storage, query, retrieve, normalized } = services;
  const served = (transferSyntaxUid: string | undefined): SyntaxChoice => ({
    transferSyntaxUid,
    weMayBeScp: true,
    weMayBeScu: false,
  });
  if (abstractSyntaxUid === Verification.sopClassUid) {
    return verification === true ? served(proposed.find(isUncompressed)) : undefined;
  }
  const normal = normalized?.filter((service) => service.sopClassUids.includes(abstractSyntaxUid)) ?? [];
  const isService =
    query?.models.some((model) => model.sopClassUid === abstractSyntaxUid) === true ||
    retrieve?.models.some((model) => model.sopClassUid === abstractSyntaxUid) === true ||
    normal.length > 0;
  if (isService) {
    // Explicit where there is a choice: private keys keep their VRs.
    const explicit = proposed.find(
      (uid) => isUncompressed(uid) && transferSyntaxInfo(uid)?.explicitVr === true,
    );
    return {
      ...served(explicit ?? proposed.find(isUncompressed)),
      // Who takes event reports lets the other side be the SCP, also on an association that it requested.
      weMayBeScu: normal.some(({ role }) => role === "scu"),
    };
  }
  if (abstractSyntaxUid === "" || isServiceClass(abstractSyntaxUid)) return undefined;
  const takes =
    storage !== undefined && (storage.sopClasses === "any" || storage.sopClasses.includes(abstractSyntaxUid));
  // Instances may leave through C-GET in any syntax they are kept in, or can be brought into.
  const gives = retrieve !== undefined;
  if (!takes && !gives) return undefined;
  return {
    transferSyntaxUid: storageSyntax(proposed, storage),
    weMayBeScp: takes,
    weMayBeScu: gives,
  };
}

function storageSyntax(proposed: readonly string[], storage: Services["storage"]): string | undefined {
  const { transferSyntaxUids, preferOwnOrder = false } = storage ?? {};
  if (transferSyntaxUids === undefined) return proposed.find((uid) => transferSyntaxInfo(uid) !== undefined);
  return preferOwnOrder
    ? transferSyntaxUids.find((uid) => proposed.includes(uid))
    : proposed.find((uid) => transferSyntaxUids.includes(uid));
}

function isUncompressed(uid: string): boolean {
  const info = transferSyntaxInfo(uid);
  return info !== undefined && info.littleEndian && !info.encapsulated && !info.deflated;
}

/** Query, retrieve, worklist and other services: SOP classes that are no objects to store (PS3.6 A: 1.2.840.10008.5.1.4.1.2, .31–.39). */
function isServiceClass(uid: string): boolean {
  return (
    /^1\.2\.840\.10008\.5\.1\.4\.(1\.2|31|32|33|34|37|38|39|41|42|43|44|45)(\.|$)/.test(uid) ||
    /^1\.2\.840\.10008\.(1\.|3\.1\.2|4\.2|5\.1\.1)/.test(uid)
  );
}

const isGetModel = (services: Services, uid: string): boolean =>
  services.retrieve?.models.some((model) => model.kind === "get" && model.sopClassUid === uid) === true;

/** An answer for each role that was proposed for a context that was accepted. */
function answeredRoles(
  proposed: readonly RoleSelection[],
  contexts: readonly PresentationContextNegotiated[],
): RoleSelection[] {
  return proposed.flatMap(({ sopClassUid }) => {
    const context = contexts.find(
      (one) => one.abstractSyntaxUid === sopClassUid && one.transferSyntaxUid !== undefined,
    );
    if (context === undefined) return [];
    const { scu, scp } = context.requestorRoles;
    return [{ sopClassUid, scuRole: scu, scpRole: scp }];
  });
}

/**
 * PS3.4 C.5.1.1 and C.5.2.1: a byte each for relational queries, combined date and time matching, fuzzy matching of
 * person names, time zone adjustment and enhanced multi-frame conversion. Agreed is what both sides can.
 */
function answeredExtension(item: ExtendedNegotiation, services: Services): ExtendedNegotiation[] {
  const can = services.query?.models.some((model) => model.sopClassUid === item.sopClassUid)
    ? services.query.extended
    : services.retrieve?.models.some((model) => model.sopClassUid === item.sopClassUid)
      ? { relational: services.retrieve.relational === true }
      : undefined;
  if (can === undefined) return [];
  const ours = [can.relational, can.combinedDateTime, can.fuzzy, can.timezoneAdjustment].map(Number);
  const information = item.information.map((byte, index) => (byte === 1 && ours[index] === 1 ? 1 : 0));
  return [{ sopClassUid: item.sopClassUid, information }];
}

/** The requestor's numbers, narrowed by ours. */
function windows(
  asked: AsynchronousOperations | undefined,
  ours: AsynchronousOperations,
): AsynchronousOperations {
  if (asked === undefined) return synchronous;
  return {
    invoked: smallerWindow(asked.invoked, ours.performed),
    performed: smallerWindow(asked.performed, ours.invoked),
  };
}
