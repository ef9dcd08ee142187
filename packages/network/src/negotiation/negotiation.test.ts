/** Negotiation between both roles, PS3.7 D.3 and PS3.8 9.3.2–3. */
import { TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { type AcceptorOptions, serveAssociation } from "../acceptor.ts";
import { type AssociateOptions, associateOver } from "../association.ts";
import { memoryPair } from "../memory/index.ts";
import type { AAssociateRq, UserIdentity } from "../pdu/types.ts";
import { PatientRootFind, StudyRootFind, StudyRootGet, Verification } from "../services/models.ts";
import type { Services } from "../services/types.ts";
import { instances, openPair } from "../test/pair.ts";

const { ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit } =
  TransferSyntax;
const ct = "1.2.840.10008.5.1.4.1.1.2";
const verification = {
  abstractSyntaxUid: Verification.sopClassUid,
  transferSyntaxUids: [ImplicitVRLittleEndian],
};
const storage: Services = { storage: { sopClasses: "any", onStore: async () => 0 } };
const query: Services = {
  query: { models: [StudyRootFind], extended: { relational: true, fuzzy: true }, async *onFind() {} },
};

/** What one side sends and the other makes of it, when it is not let in. */
async function attempt(
  accept: Partial<AcceptorOptions>,
  request: Partial<AssociateOptions> = {},
): Promise<unknown> {
  const [ours, theirs] = memoryPair();
  const served = serveAssociation(theirs, { services: { verification: true }, ...accept });
  try {
    const association = await associateOver(ours, {
      callingAeTitle: "SCU",
      calledAeTitle: "SCP",
      contexts: [verification],
      ...request,
    });
    await association.release();
    return association.accepted;
  } catch (error) {
    return error;
  } finally {
    await served.closed;
  }
}

describe("negotiation", () => {
  it("takes the first syntax that the acceptor knows, or the acceptor's own first", async () => {
    const contexts = [
      { abstractSyntaxUid: ct, transferSyntaxUids: [JPEGBaseline8Bit, ExplicitVRLittleEndian] },
      { abstractSyntaxUid: ct, transferSyntaxUids: ["1.2.3.4.5"] },
      { abstractSyntaxUid: "1.2.840.10008.1.20.1", transferSyntaxUids: [ImplicitVRLittleEndian] },
    ];
    await using pair = await openPair({ services: storage }, { contexts });
    expect(pair.association.accepted.contexts).toMatchObject([
      { id: 1, result: "acceptance", transferSyntaxUid: JPEGBaseline8Bit },
      { id: 3, result: "transfer-syntaxes-not-supported", transferSyntaxUid: undefined },
      { id: 5, result: "abstract-syntax-not-supported", transferSyntaxUid: undefined },
    ]);
    const own: Services = {
      storage: {
        sopClasses: "any",
        onStore: async () => 0,
        transferSyntaxUids: [ExplicitVRLittleEndian, JPEGBaseline8Bit],
        preferOwnOrder: true,
      },
    };
    await using other = await openPair({ services: own }, { contexts: contexts.slice(0, 1) });
    expect(other.association.accepted.contexts[0]?.transferSyntaxUid).toBe(ExplicitVRLittleEndian);
  });

  it("says in an error which contexts were refused and why", async () => {
    const contexts = [
      { abstractSyntaxUid: ct, transferSyntaxUids: [ExplicitVRLittleEndian] },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] },
    ];
    await using pair = await openPair({ services: storage }, { contexts });
    const [image] = instances(1, { transferSyntaxUid: JPEGBaseline8Bit });
    await expect(pair.association.store(image!)).rejects.toMatchObject({
      code: "no-accepted-context",
      message: expect.stringContaining("takes it only in Explicit VR Little Endian"),
    });
    await expect(pair.association.find(StudyRootFind, {}).next()).rejects.toMatchObject({
      code: "no-accepted-context",
      contexts: [{ abstractSyntaxUid: StudyRootFind.sopClassUid, result: "abstract-syntax-not-supported" }],
    });
    await expect(pair.association.find(PatientRootFind, {}).next()).rejects.toMatchObject({
      code: "no-accepted-context",
      contexts: [],
      message: expect.stringContaining("it was not offered"),
    });
  });

  it("serves an unknown SOP class by the general one that the requestor relates it to", async () => {
    const only: Services = { storage: { sopClasses: [ct], onStore: async () => 0 } };
    const contexts = [{ abstractSyntaxUid: "1.2.3.4", transferSyntaxUids: [ExplicitVRLittleEndian] }];
    const related = {
      sopClassUid: "1.2.3.4",
      serviceClassUid: "1.2.840.10008.4.2",
      relatedGeneralSopClassUids: [ct],
    };
    await using plain = await openPair({ services: only }, { contexts });
    expect(plain.association.accepted.contexts[0]?.result).toBe("abstract-syntax-not-supported");
    await using pair = await openPair(
      { services: only },
      { contexts, commonExtendedNegotiations: [related] },
    );
    expect(pair.association.accepted.contexts[0]?.result).toBe("acceptance");
  });

  it("agrees on the query extensions that both sides can", async () => {
    const asked = { sopClassUid: StudyRootFind.sopClassUid, information: Uint8Array.of(1, 1, 1, 0) };
    let got: unknown;
    const services: Services = {
      query: {
        models: [StudyRootFind],
        extended: { relational: true, fuzzy: true },
        // oxlint-disable-next-line require-yield -- no matches
        async *onFind(_identifier, { extended }) {
          got = extended;
        },
      },
    };
    const contexts = [
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ImplicitVRLittleEndian] },
    ];
    await using pair = await openPair({ services }, { contexts, extendedNegotiations: [asked] });
    expect(pair.association.accepted.extendedNegotiations).toEqual([
      { sopClassUid: StudyRootFind.sopClassUid, information: Uint8Array.of(1, 0, 1, 0) },
    ]);
    for await (const _ of pair.association.find(StudyRootFind, { QueryRetrieveLevel: "STUDY" })) break;
    expect(got).toEqual({
      relational: true,
      combinedDateTime: false,
      fuzzy: true,
      timezoneAdjustment: false,
    });
  });

  it("agrees on the smaller window, each side seen from its own", async () => {
    await using pair = await openPair(
      { services: { verification: true }, asynchronousOperations: { invoked: 2, performed: 5 } },
      { contexts: [verification], asynchronousOperations: { invoked: 0, performed: 3 } },
    );
    expect(pair.association.accepted.asynchronousOperations).toEqual({ invoked: 5, performed: 2 });
    expect(pair.served.accepted.asynchronousOperations).toEqual({ invoked: 2, performed: 5 });
    await using plain = await openPair({ services: { verification: true } }, { contexts: [verification] });
    expect(plain.association.accepted.asynchronousOperations).toEqual({ invoked: 1, performed: 1 });
    const request = plain.events.find((event) => event.kind === "pdu");
    expect((request as { pdu: AAssociateRq }).pdu.userInformation.asynchronousOperations).toBeUndefined();
  });

  it("chooses explicit encoding for services, and never big endian", async () => {
    const contexts = [
      {
        abstractSyntaxUid: StudyRootFind.sopClassUid,
        transferSyntaxUids: [ExplicitVRBigEndian, ImplicitVRLittleEndian, ExplicitVRLittleEndian],
      },
    ];
    await using pair = await openPair({ services: query }, { contexts });
    expect(pair.association.accepted.contexts[0]?.transferSyntaxUid).toBe(ExplicitVRLittleEndian);
  });

  it("answers roles only for what it can: a store of objects takes, it does not give", async () => {
    const both = {
      abstractSyntaxUid: ct,
      transferSyntaxUids: [ExplicitVRLittleEndian],
      role: "both",
    } as const;
    await using taker = await openPair({ services: storage }, { contexts: [both] });
    expect(taker.association.accepted.contexts[0]?.requestorRoles).toEqual({ scu: true, scp: false });
    const services: Services = {
      retrieve: { models: [StudyRootGet], onRetrieve: async () => ({ instances: [] }) },
    };
    await using giver = await openPair({ services }, { contexts: [both] });
    expect(giver.association.accepted.contexts[0]?.requestorRoles).toEqual({ scu: false, scp: true });
  });

  it("verifies who the requestor says it is, and answers when asked", async () => {
    const seen: (UserIdentity | undefined)[] = [];
    const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
    const verifyIdentity: AcceptorOptions["verifyIdentity"] = (identity) => {
      seen.push(identity);
      const accept = text(identity?.primary) === "anna" && text(identity?.secondary) === "geheim";
      return { accept, response: Uint8Array.of(7) };
    };
    const good = { username: "anna", passcode: "geheim", positiveResponseRequested: true };
    expect(await attempt({ verifyIdentity }, { userIdentity: good })).toMatchObject({
      userIdentityResponse: Uint8Array.of(7),
    });
    expect(
      await attempt({ verifyIdentity }, { userIdentity: { ...good, positiveResponseRequested: false } }),
    ).not.toHaveProperty("userIdentityResponse");
    for (const userIdentity of [{ ...good, passcode: "wrong" }, { jwt: "anna" }, { saml: "<a/>" }]) {
      expect(await attempt({ verifyIdentity }, { userIdentity })).toMatchObject({
        code: "association-rejected",
        result: "rejected-permanent",
        source: "service-provider-acse",
      });
    }
    expect(await attempt({ verifyIdentity })).toMatchObject({ code: "association-rejected" });
    expect(seen.map((identity) => identity?.type)).toEqual([
      "username-and-passcode",
      "username-and-passcode",
      "username-and-passcode",
      "jwt",
      "saml",
      undefined,
    ]);
  });

  it("takes no empty SOP class, whatever it stores", async () => {
    const contexts = [{ abstractSyntaxUid: "", transferSyntaxUids: [ExplicitVRLittleEndian] }];
    await using pair = await openPair({ services: storage }, { contexts });
    expect(pair.association.accepted.contexts[0]?.result).toBe("abstract-syntax-not-supported");
  });

  it("lets nobody in when the check itself fails", async () => {
    const broken = (): never => {
      throw new Error("the directory is down");
    };
    expect(await attempt({ authorize: broken })).toMatchObject({
      reason: "calling-AE-title-not-recognized",
    });
    expect(await attempt({ verifyIdentity: broken })).toMatchObject({ code: "association-rejected" });
  });

  it("answers to any AE title when it was given none", async () => {
    expect(await attempt({}, { calledAeTitle: "WHATEVER" })).toMatchObject({ calledAeTitle: "WHATEVER" });
  });

  it.each([
    ["no title", { calledAeTitle: "" }],
    ["only spaces", { callingAeTitle: "   " }],
    ["17 characters", { calledAeTitle: "12345678901234567" }],
    ["a backslash", { calledAeTitle: "A\\B" }],
    ["no contexts", { contexts: [] }],
    ["a maximum PDU length that no fragment fits in", { maximumPduLength: 7 }],
    ["129 contexts", { contexts: Array.from({ length: 129 }, () => verification) }],
  ])("refuses to ask with %s", async (_name, request) => {
    expect(await attempt({}, request)).toMatchObject({ code: "argument-invalid" });
  });
});
