/** N-services in both roles, PS3.7 10, and requests of the acceptor to the requestor. */
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { deferred } from "../deferred.ts";
import { Status } from "../dimse/status.ts";
import { openPair } from "../test/pair.ts";
import type { NormalizedAnswer, NormalizedRequest, NormalizedService } from "./types.ts";

const sopClass = "1.2.840.10008.3.1.2.3.3";
const contexts = [
  { abstractSyntaxUid: sopClass, transferSyntaxUids: [TransferSyntax.ExplicitVRLittleEndian] },
];

/** A service that answers the same to all, and what it was asked. */
function service(answer: NormalizedAnswer | (() => NormalizedAnswer)) {
  const asked: NormalizedRequest[] = [];
  const normalized: NormalizedService = {
    sopClassUids: [sopClass],
    onRequest: async (request) => {
      asked.push(request);
      return typeof answer === "function" ? answer() : answer;
    },
  };
  return { asked, services: { normalized: [normalized] } };
}

describe("N-services", () => {
  it("N-CREATE sends attributes and takes the UID that the SCP chose", async () => {
    const { asked, services } = service({
      status: 0,
      sopInstanceUid: "1.2.9",
      dataSet: DataSet.of({ PatientID: "P" }),
    });
    await using pair = await openPair({ services }, { contexts });
    const response = await pair.association.nCreate(sopClass, undefined, { PatientName: "Größe^X" });
    expect(response).toMatchObject({ sopInstanceUid: "1.2.9", status: { category: "success" } });
    expect(response.dataSet?.string("PatientID")).toBe("P");
    expect(asked[0]).toMatchObject({
      operation: "N-CREATE",
      sopClassUid: sopClass,
      sopInstanceUid: undefined,
    });
    expect(asked[0]?.dataSet?.get("PatientName")?.toString()).toBe("Größe^X");
  });

  it("N-SET, N-GET, N-ACTION and N-DELETE name the requested instance and carry their own fields", async () => {
    const { asked, services } = service({ status: 0 });
    await using pair = await openPair({ services }, { contexts });
    const { association } = pair;
    await association.nSet(sopClass, "1.2.1", { PatientID: "Q" });
    await association.nGet(sopClass, "1.2.1", [0x00100010, 0x00100020]);
    await association.nAction({ sopClassUid: sopClass, sopInstanceUid: "1.2.1", actionTypeId: 7 });
    await association.nDelete(sopClass, "1.2.1");
    expect(asked.map(({ operation }) => operation)).toEqual(["N-SET", "N-GET", "N-ACTION", "N-DELETE"]);
    expect(asked.every(({ sopInstanceUid }) => sopInstanceUid === "1.2.1")).toBe(true);
    expect(asked[1]?.attributeIdentifierList).toEqual([0x00100010, 0x00100020]);
    expect(asked[2]?.actionTypeId).toBe(7);
    expect(asked[3]?.dataSet).toBeUndefined();
  });

  it("a failure throws with its status and comment; a warning is a value", async () => {
    let status: number = Status.NoSuchSopInstance;
    const { services } = service(() => ({ status, errorComment: "no such step" }));
    await using pair = await openPair({ services }, { contexts });
    await expect(pair.association.nGet(sopClass, "1.2.1")).rejects.toMatchObject({
      code: "dimse-status",
      operation: "N-GET",
      status: { code: 0x0112 },
      response: { errorComment: "no such step" },
    });
    status = Status.AttributeListError;
    const { status: warning } = await pair.association.nSet(sopClass, "1.2.1", { PatientID: "Q" });
    expect(warning.category).toBe("warning");
  });

  it("a handler that throws answers 0110H, and the association lives on", async () => {
    let isBroken = true;
    const { services } = service(() => {
      if (isBroken) throw new Error("out of order");
      return { status: 0 };
    });
    await using pair = await openPair({ services }, { contexts });
    await expect(pair.association.nGet(sopClass, "1.2.1")).rejects.toMatchObject({
      status: { code: 0x0110 },
    });
    isBroken = false;
    expect((await pair.association.nGet(sopClass, "1.2.1")).status.code).toBe(0);
  });

  it("the acceptor reports an event on the same association, after its response", async () => {
    const order: string[] = [];
    const reported = deferred<NormalizedRequest>();
    await using pair = await openPair(
      {
        services: {
          normalized: [
            {
              sopClassUids: [sopClass],
              onRequest: async (_request, { peer, afterResponse }) => {
                afterResponse(async () => {
                  await peer.nEventReport({
                    sopClassUid: sopClass,
                    sopInstanceUid: "1.2.1",
                    eventTypeId: 2,
                    dataSet: { TransactionUID: "1.2.7" },
                  });
                });
                return { status: 0 };
              },
            },
          ],
        },
      },
      {
        contexts,
        services: {
          normalized: [
            {
              sopClassUids: [sopClass],
              onRequest: async (request) => {
                order.push("event");
                reported.resolve(request);
                return { status: 0 };
              },
            },
          ],
        },
      },
    );
    await pair.association.nAction({ sopClassUid: sopClass, sopInstanceUid: "1.2.1", actionTypeId: 1 });
    order.push("response");
    const event = await reported.promise;
    expect(event).toMatchObject({ operation: "N-EVENT-REPORT", eventTypeId: 2, sopInstanceUid: "1.2.1" });
    expect(event.dataSet?.string("TransactionUID")).toBe("1.2.7");
    expect(order).toEqual(["response", "event"]);
  });

  it("an operation that nobody serves is answered 0211H", async () => {
    const { services } = service({ status: 0 });
    await using pair = await openPair(
      { services: { ...services, verification: true } },
      {
        contexts: [{ abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] }],
      },
    );
    await expect(
      pair.association.nDelete("1.2.3", "1.2.4", { abstractSyntaxUid: "1.2.840.10008.1.1" }),
    ).rejects.toMatchObject({ status: { code: 0x0211 } });
  });
});
