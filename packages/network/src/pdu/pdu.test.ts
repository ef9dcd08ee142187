/** PDUs, PS3.8 9.3: bytes as the standard has them, read back whole, byte by byte, cut short and malformed. */
import { describe, expect, it } from "vitest";
import { RemoteProtocolError } from "../errors.ts";
import { decodePdu } from "./decode.ts";
import { encodePDataHeader, encodePdu } from "./encode.ts";
import { PduReader } from "./reader.ts";
import { AbortReason, type AAssociateRq, applicationContextName, type Pdu } from "./types.ts";

const request: AAssociateRq = {
  kind: "A-ASSOCIATE-RQ",
  protocolVersion: 1,
  calledAeTitle: "Pacs One",
  callingAeTitle: "iso",
  applicationContextName,
  contexts: [
    { id: 1, abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] },
    { id: 3, abstractSyntaxUid: "1.2.3", transferSyntaxUids: ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"] },
  ],
  userInformation: {
    maximumPduLength: 16384,
    implementationClassUid: "2.25.1",
    implementationVersionName: "TEST",
    roleSelections: [{ sopClassUid: "1.2.3", scuRole: false, scpRole: true }],
    asynchronousOperations: { invoked: 4, performed: 5 },
    extendedNegotiations: [{ sopClassUid: "1.2.3", information: Uint8Array.of(1, 0, 1) }],
    commonExtendedNegotiations: [
      { sopClassUid: "1.2.3", serviceClassUid: "1.2.4", relatedGeneralSopClassUids: ["1.2.5", "1.2.6"] },
    ],
    userIdentity: {
      type: "username-and-passcode",
      primary: Uint8Array.of(0x61),
      secondary: Uint8Array.of(0x62),
      positiveResponseRequested: true,
    },
    others: [{ type: 0x7f, bytes: Uint8Array.of(0, 4, 0, 5) }],
  },
};

const all: readonly Pdu[] = [
  request,
  {
    ...request,
    kind: "A-ASSOCIATE-AC",
    userInformation: {
      maximumPduLength: 0,
      implementationClassUid: "2.25.2",
      userIdentityResponse: Uint8Array.of(1, 2),
    },
    contexts: [
      { id: 1, result: "acceptance", transferSyntaxUid: "1.2.840.10008.1.2" },
      { id: 3, result: "transfer-syntaxes-not-supported", transferSyntaxUid: "1.2.840.10008.1.2.1" },
    ],
  },
  {
    kind: "A-ASSOCIATE-RJ",
    result: "rejected-transient",
    source: "service-provider-presentation",
    reason: "local-limit-exceeded",
  },
  {
    kind: "A-ASSOCIATE-RJ",
    result: "rejected-permanent",
    source: "service-user",
    reason: "called-AE-title-not-recognized",
  },
  { kind: "A-RELEASE-RQ" },
  { kind: "A-RELEASE-RP" },
  { kind: "A-ABORT", source: 2, reason: 6 },
];

/** Reads PDUs and fragments from chunks. */
function read(
  chunks: readonly Uint8Array[],
  maximum = 16384,
): { pdus: Pdu[]; fragments: string[]; pData: number } {
  const got = { pdus: [] as Pdu[], fragments: [] as string[], pData: 0 };
  let open = "";
  const reader = new PduReader(
    {
      onPData: () => void got.pData++,
      onPdu: (pdu) => void got.pdus.push(pdu),
      onFragment: (id, control, piece, isEnd) => {
        open += [...piece].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        if (!isEnd) return;
        got.fragments.push(`${id}/${control}:${open}`);
        open = "";
      },
    },
    maximum,
  );
  for (const chunk of chunks) reader.push(chunk);
  return got;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const byByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

describe("PDUs", () => {
  it.each(all.map((pdu) => [pdu.kind, pdu] as const))("%s reads back as it was written", (_kind, pdu) => {
    const bytes = encodePdu(pdu);
    expect(read([bytes]).pdus).toEqual([pdu]);
    expect(read(byByte(bytes)).pdus).toEqual([pdu]);
  });

  it("writes the sub-items of user information as PS3.7 D.3.3 lays them out", () => {
    const text = Buffer.from(encodePdu(request)).toString("hex");
    const uid = "0005312e322e33"; // length and "1.2.3"
    expect(text).toContain("5300000400040005"); // Table D.3-7
    expect(text).toContain(`54000009${uid}0001`); // Table D.3-9
    expect(text).toContain(`5600000a${uid}010001`); // Table D.3-11
    expect(text).toContain(`5700001e${uid}0005312e322e34000e0005312e322e350005312e322e36`); // Table D.3-12
    expect(text).toContain("5800000802010001610001" + "62"); // Table D.3-14
  });

  it("read the same at every split into two chunks", () => {
    const bytes = join(...all.map(encodePdu));
    for (let at = 0; at <= bytes.length; at++) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)]).pdus).toEqual(all);
    }
  });

  it.each(all.map((pdu) => [pdu.kind, pdu] as const))("%s cut at any byte is never a PDU", (_kind, pdu) => {
    const bytes = encodePdu(pdu);
    for (let at = 0; at < bytes.length; at++) expect(read([bytes.subarray(0, at)]).pdus).toEqual([]);
  });

  it.each(all.map((pdu) => [pdu.kind, pdu] as const))(
    "%s whose length is shortened to any byte is read as less, or refused with an abort reason",
    (_kind, pdu) => {
      const whole = encodePdu(pdu);
      let refused = 0;
      for (let at = 6; at < whole.length; at++) {
        try {
          const shorter = decodePdu(whole[0] ?? 0, whole.subarray(6, at));
          expect(shorter).not.toEqual(pdu);
        } catch (error) {
          expect(error).toBeInstanceOf(RemoteProtocolError);
          expect((error as RemoteProtocolError).abortReason).toBe(AbortReason.InvalidPduParameterValue);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
  );

  it("do not pad UIDs, even of odd length", () => {
    const bytes = encodePdu(request);
    // Item 30H, reserved, length 0005, "1.2.3", and at once the next item 40H.
    const odd = [0x30, 0, 0, 5, 0x31, 0x2e, 0x32, 0x2e, 0x33, 0x40];
    expect(Buffer.from(bytes).includes(Buffer.from(odd))).toBe(true);
  });

  it("fill AE titles up to 16 bytes with spaces and keep their case", () => {
    const bytes = encodePdu(request);
    // PS3.8 Table 9-11: bytes 11–26 called, 27–42 calling.
    expect(Buffer.from(bytes.subarray(10, 26)).toString("latin1")).toBe("Pacs One        ");
    expect(Buffer.from(bytes.subarray(26, 42)).toString("latin1")).toBe("iso             ");
    expect(read([bytes]).pdus[0]).toMatchObject({ calledAeTitle: "Pacs One", callingAeTitle: "iso" });
  });

  it("have A-ASSOCIATE-RJ and A-ABORT bytes as in PS3.8 Tables 9-21 and 9-26", () => {
    expect([...encodePdu(all[3] as Pdu)]).toEqual([3, 0, 0, 0, 0, 4, 0, 1, 1, 7]);
    expect([...encodePdu(all[6] as Pdu)]).toEqual([7, 0, 0, 0, 0, 4, 0, 0, 2, 6]);
  });

  it("skip items of an unknown type", () => {
    const bytes = encodePdu({ kind: "A-RELEASE-RQ" });
    const user = encodePdu({
      ...request,
      userInformation: { ...request.userInformation, others: [{ type: 0x7f, bytes: Uint8Array.of(1) }] },
    });
    expect(read([user, bytes]).pdus.map((pdu) => pdu.kind)).toEqual(["A-ASSOCIATE-RQ", "A-RELEASE-RQ"]);
  });

  it.each([0x00, 0x08, 0x47, 0xff])("of the unknown type %i are refused as unrecognized", (type) => {
    expect(() => read([Uint8Array.of(type, 0, 0, 0, 0, 4)])).toThrowError(
      expect.objectContaining({ abortReason: AbortReason.UnrecognizedPdu }),
    );
  });

  it("that announce gigabytes are refused by their header alone", () => {
    expect(() => read([Uint8Array.of(1, 0, 0x7f, 0xff, 0xff, 0xff)])).toThrowError(
      expect.objectContaining({ abortReason: AbortReason.InvalidPduParameterValue }),
    );
    expect(() => read([Uint8Array.of(4, 0, 0, 0, 0x40, 1)])).toThrowError(
      expect.objectContaining({ abortReason: AbortReason.InvalidPduParameterValue }),
    );
  });
});

describe("P-DATA-TF", () => {
  const two = join(
    // One PDU of two PDVs (PS3.8 9.3.5.1): length 6+3 + 6+0, then a PDU of one.
    Uint8Array.of(4, 0, 0, 0, 0, 15, 0, 0, 0, 5, 1, 3, 0xaa, 0xbb, 0xcc, 0, 0, 0, 2, 1, 0),
    encodePDataHeader(5, 2, 2),
    Uint8Array.of(0xdd, 0xee),
  );
  const expected = { pdus: [], fragments: ["1/3:aabbcc", "1/0:", "5/2:ddee"], pData: 2 };

  it("reads the same at every pair of splits", () => {
    for (let a = 0; a <= two.length; a++) {
      for (let b = a; b <= two.length; b++) {
        expect(read([two.subarray(0, a), two.subarray(a, b), two.subarray(b)])).toEqual(expected);
      }
    }
  });

  it("hands fragments on as views of the chunk, without a copy", () => {
    const views: Uint8Array[] = [];
    const reader = new PduReader(
      { onPData: () => {}, onPdu: () => {}, onFragment: (_id, _control, piece) => void views.push(piece) },
      0,
    );
    reader.push(two);
    expect(views.filter((view) => view.byteLength > 0).every((view) => view.buffer === two.buffer)).toBe(
      true,
    );
    expect(views).toHaveLength(3);
  });

  it.each([
    ["a PDV longer than its PDU", [4, 0, 0, 0, 0, 8, 0, 0, 0, 5, 1, 3, 0, 0]],
    ["a PDV shorter than its header", [4, 0, 0, 0, 0, 8, 0, 0, 0, 1, 1, 3, 0, 0]],
    ["a rest too short for a PDV", [4, 0, 0, 0, 0, 9, 0, 0, 0, 2, 1, 3, 0, 0, 0]],
    ["a PDU too short for a PDV", [4, 0, 0, 0, 0, 5, 0, 0, 0, 2, 1]],
  ])("with %s is refused", (_what, bytes) => {
    for (const chunks of [[Uint8Array.from(bytes)], byByte(Uint8Array.from(bytes))]) {
      expect(() => read(chunks)).toThrowError(
        expect.objectContaining({ abortReason: AbortReason.InvalidPduParameterValue }),
      );
    }
  });
});
