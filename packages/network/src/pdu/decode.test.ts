/** Association PDUs that no textbook has, PS3.8 9.3.2, 9.3.3 and PS3.7 D.3.3: what is refused, and what is put up with. */
import { describe, expect, it } from "vitest";
import { RemoteProtocolError } from "../errors.ts";
import {
  applicationContext,
  associate,
  associateRq,
  bytes,
  contextAc,
  contextRq,
  explicitLittleEndian,
  implementationClass,
  implicitLittleEndian,
  item,
  maximumLength,
  plainUser,
  uint16,
  userInformation,
  verification,
} from "../test/pdu-bytes.ts";
import { decodePdu } from "./decode.ts";
import { encodePdu } from "./encode.ts";
import { type AAssociateAc, type AAssociateRq, AbortReason } from "./types.ts";

const decode = (whole: Uint8Array): unknown => decodePdu(whole[0] ?? 0, whole.subarray(6));
const rq = (...items: readonly Uint8Array[]): AAssociateRq => decode(associate(1, items)) as AAssociateRq;
const ac = (...items: readonly Uint8Array[]): AAssociateAc => decode(associate(2, items)) as AAssociateAc;
const user = (...subItems: readonly Uint8Array[]): AAssociateRq["userInformation"] =>
  rq(applicationContext, contextRq(1), userInformation(maximumLength(4096), ...subItems)).userInformation;
const counted = (text: string, length = text.length): Uint8Array => bytes(uint16(length), text);

function expectRefused(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(RemoteProtocolError);
    expect((error as RemoteProtocolError).abortReason).toBe(AbortReason.InvalidPduParameterValue);
    return;
  }
  expect.unreachable("it was read");
}

describe("an association request", () => {
  it("by hand is what the encoder writes", () => {
    expect(encodePdu(decode(associateRq) as AAssociateRq)).toEqual(associateRq);
  });

  it("cut at any byte of its content is refused, or is a request with less in it", () => {
    let refused = 0;
    const whole = associate(1, [
      applicationContext,
      contextRq(1, verification, [implicitLittleEndian, explicitLittleEndian]),
      contextRq(3),
      plainUser,
    ]);
    for (let length = 0; length < whole.length - 6; length++) {
      try {
        const less = decodePdu(1, whole.subarray(6, 6 + length)) as AAssociateRq;
        expect(less.userInformation.implementationClassUid).toBe(""); // it is the last item
      } catch (error) {
        expect(error).toBeInstanceOf(RemoteProtocolError);
        refused++;
      }
    }
    // All but the fixed 68 bytes with no, one, two and three items.
    expect(refused).toBe(whole.length - 6 - 4);
  });

  it("is read with any one of its bytes changed, or refused, and nothing else", () => {
    for (let at = 6; at < associateRq.length; at++) {
      for (const value of [0, 1, 0x20, 0x7f, 0x80, 0xff]) {
        const changed = associateRq.slice();
        changed[at] = value;
        try {
          expect((decode(changed) as AAssociateRq).kind).toBe("A-ASSOCIATE-RQ");
        } catch (error) {
          expect(error).toBeInstanceOf(RemoteProtocolError);
        }
      }
    }
  });

  it("without an application context leaves it to the acceptor to reject", () => {
    expect(rq(contextRq(1), plainUser).applicationContextName).toBe("");
  });

  it("with two application contexts or two user informations has the first of each", () => {
    const two = rq(
      applicationContext,
      item(0x10, "1.2.3"),
      contextRq(1),
      plainUser,
      userInformation(maximumLength(99), implementationClass),
    );
    expect(two.applicationContextName).toBe("1.2.840.10008.3.1.1.1");
    expect(two.userInformation.maximumPduLength).toBe(16_384);
  });

  it("without user information, or without a maximum length, takes what every implementation does", () => {
    expect(rq(applicationContext, contextRq(1)).userInformation).toEqual({
      maximumPduLength: 16_384,
      implementationClassUid: "",
    });
    expect(rq(userInformation(implementationClass)).userInformation.maximumPduLength).toBe(16_384);
  });

  it("without contexts, and with even ids, is read", () => {
    expect(rq(applicationContext, plainUser).contexts).toEqual([]);
    expect(rq(contextRq(2), contextRq(0)).contexts.map(({ id }) => id)).toEqual([2, 0]);
  });

  it("with one context id twice is refused, with 128 contexts it is not", () => {
    expectRefused(() => rq(contextRq(1), contextRq(3), contextRq(1, "1.2.3")));
    const many = Array.from({ length: 128 }, (_, index) => contextRq(index * 2 + 1));
    expect(rq(...many, plainUser).contexts).toHaveLength(128);
    expectRefused(() => rq(...many, contextRq(1)));
  });

  it("with contexts that lack a syntax has them, to be refused one by one", () => {
    const [noTransfer] = rq(item(0x20, bytes([3, 0, 0, 0], item(0x30, verification)))).contexts;
    expect(noTransfer).toEqual({ id: 3, abstractSyntaxUid: verification, transferSyntaxUids: [] });
    const [noAbstract] = rq(item(0x20, bytes([5, 0, 0, 0], item(0x40, implicitLittleEndian)))).contexts;
    expect(noAbstract).toEqual({ id: 5, abstractSyntaxUid: "", transferSyntaxUids: [implicitLittleEndian] });
  });

  it("with UIDs that are empty, too long or none has them as they are", () => {
    const long = "1.".repeat(100);
    const [context] = rq(contextRq(1, long, ["", "no uid", implicitLittleEndian])).contexts;
    expect(context?.abstractSyntaxUid).toBe(long);
    expect(context?.transferSyntaxUids).toEqual(["", "no uid", implicitLittleEndian]);
  });

  it("with padded UIDs has them without", () => {
    const [context] = rq(contextRq(1, `${verification}\0`, [`${implicitLittleEndian} `])).contexts;
    expect(context).toEqual({
      id: 1,
      abstractSyntaxUid: verification,
      transferSyntaxUids: [implicitLittleEndian],
    });
  });

  it("with items of 64 KiB is read, and can be answered, in no time", () => {
    // A space far from both ends: what is trimmed must not cost the square of the length.
    const odd = `x${" ".repeat(65_519)}x`;
    const begin = performance.now();
    const [context] = rq(
      item(0x20, bytes([1, 0, 0, 0], item(0x40, odd))),
      userInformation(item(0x55, odd)),
    ).contexts;
    expect(performance.now() - begin).toBeLessThan(500);
    expect(context?.transferSyntaxUids).toEqual([odd]);
    const answer = encodePdu({
      ...(decode(associate(2, [applicationContext, plainUser])) as AAssociateAc),
      contexts: [{ id: 1, result: "transfer-syntaxes-not-supported", transferSyntaxUid: odd }],
    });
    expect((decode(answer) as AAssociateAc).contexts[0]?.transferSyntaxUid).toBe(odd);
  });

  it("with reserved bytes of any value and unknown items at every level is the same request", () => {
    const strange = associateRq.slice();
    // PS3.8 Table 9-11: bytes 9–10 and 43–74 are reserved.
    for (const at of [1, 8, 9]) strange[at] = 0xff;
    strange.fill(0xee, 42, 74);
    strange[75] = 0xdd; // of the first item
    expect(decode(strange)).toEqual(decode(associateRq));
    const unknown = item(0x66, "what is this");
    expect(
      rq(
        unknown,
        applicationContext,
        contextAc(9), // an item of the acceptance
        item(
          0x20,
          bytes([1, 9, 9, 9], unknown, item(0x30, verification), unknown, item(0x40, implicitLittleEndian)),
        ),
        plainUser,
        unknown,
      ),
    ).toEqual(decode(associateRq));
  });

  it("with bytes behind the fields of an item is read without them", () => {
    expect(user(item(0x53, bytes(uint16(2), uint16(3), "more"))).asynchronousOperations).toEqual({
      invoked: 2,
      performed: 3,
    });
    expect(user(item(0x54, bytes(counted("1.2"), [1, 0, 7, 7]))).roleSelections).toEqual([
      { sopClassUid: "1.2", scuRole: true, scpRole: false },
    ]);
    expect(rq(userInformation(item(0x51, bytes([0, 0, 16, 0, 1])))).userInformation.maximumPduLength).toBe(
      4096,
    );
  });

  it.each([0, 8, 9, 0xffffffff])("with a maximum length of %i is read", (length) => {
    expect(rq(userInformation(maximumLength(length))).userInformation.maximumPduLength).toBe(length);
  });

  it.each([1, 6, 7])("with a maximum length of %i, in which no fragment fits, is refused", (length) => {
    expectRefused(() => rq(userInformation(maximumLength(length))));
  });

  it.each([
    ["a byte behind its last item", () => rq(applicationContext, Uint8Array.of(0x20))],
    ["an item longer than the PDU", () => rq(item(0x10, "1.2", 4))],
    ["an item of 64 KiB that is not there", () => rq(item(0x10, "1.2", 0xffff))],
    ["a context without its fields", () => rq(item(0x20, bytes([1, 0, 0])))],
    ["a syntax longer than its context", () => rq(item(0x20, bytes([1, 0, 0, 0], item(0x30, "1.2", 9))))],
    ["a maximum length of three bytes", () => rq(userInformation(item(0x51, bytes([0, 16, 0]))))],
    ["an operations window of three bytes", () => user(item(0x53, bytes([0, 1, 0])))],
    ["a role's UID longer than its item", () => user(item(0x54, counted("1.2", 30)))],
    ["a role without its roles", () => user(item(0x54, bytes(counted("1.2"), [1])))],
    ["an extended negotiation's UID longer than its item", () => user(item(0x56, counted("1.2", 4)))],
    [
      "related classes longer than their item",
      () => user(item(0x57, bytes(counted("1"), counted("2"), [0, 9]))),
    ],
    [
      "a related class longer than all of them",
      () => user(item(0x57, bytes(counted("1"), counted("2"), uint16(4), counted("33", 9)))),
    ],
    ["an identity without its fields", () => user(item(0x58, bytes([1])))],
    ["an identity longer than its item", () => user(item(0x58, bytes([1, 0], counted("joe", 4))))],
    [
      "a passcode longer than its item",
      () => user(item(0x58, bytes([2, 0], counted("joe"), counted("x", 2)))),
    ],
    ["user information longer than the PDU", () => rq(item(0x50, maximumLength(4096), 9))],
  ])("with %s is refused", (_what, read) => expectRefused(read));

  it("with an identity of a later standard is one without", () => {
    expect(user(item(0x58, bytes([99, 1], counted("joe"), counted("")))).userIdentity).toBeUndefined();
  });
});

describe("an acceptance", () => {
  it("with one context id twice is refused", () => {
    expectRefused(() => ac(contextAc(1), contextAc(1, 3)));
  });

  it("that accepts a context in no transfer syntax refuses it, as far as it can be used", () => {
    for (const context of [contextAc(1, 0, ""), item(0x21, bytes([1, 0, 0, 0]))]) {
      expect(ac(context).contexts).toEqual([{ id: 1, result: "no-reason", transferSyntaxUid: "" }]);
    }
  });

  it("with an unknown result refuses the context, and the first of several syntaxes counts", () => {
    expect(ac(contextAc(1, 77)).contexts[0]?.result).toBe("no-reason");
    const two = item(
      0x21,
      bytes([1, 0, 0, 0], item(0x40, explicitLittleEndian), item(0x40, implicitLittleEndian)),
    );
    expect(ac(two).contexts[0]?.transferSyntaxUid).toBe(explicitLittleEndian);
  });
});

describe("what is too long to be written", () => {
  const pdu = decode(associateRq) as AAssociateRq;
  it.each([
    ["an AE title of 17 characters", { ...pdu, calledAeTitle: "x".repeat(17) }],
    [
      "a context of more than 64 KiB",
      { ...pdu, contexts: [{ id: 1, abstractSyntaxUid: "x".repeat(65_533), transferSyntaxUids: [] }] },
    ],
    [
      "an assertion of more than 64 KiB",
      {
        ...pdu,
        userInformation: {
          ...pdu.userInformation,
          userIdentity: { type: "saml", primary: new Uint8Array(65_536), positiveResponseRequested: false },
        },
      },
    ],
  ] as const)("is refused: %s", (_what, tooLong) => {
    expect(() => encodePdu(tooLong)).toThrowError(expect.objectContaining({ code: "argument-invalid" }));
  });
});
