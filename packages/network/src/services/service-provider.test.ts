/** Requests that come faster than they are answered. */
import { describe, expect, it } from "vitest";
import type { Message } from "../dimse/assembler.ts";
import type { MessageExchange } from "../dimse/exchange.ts";
import { synchronous } from "../negotiation/types.ts";
import { ServiceProvider } from "./service-provider.ts";
import type { ServiceUser } from "./service-user.ts";

describe("a service provider", () => {
  it("holds up a peer that asks and asks, and lets it go on when it has caught up", async () => {
    const flow: string[] = [];
    let answered = 0;
    const exchange = {
      gate: { pause: () => void flow.push("pause"), resume: () => void flow.push("resume") },
      send: async () => void answered++,
    };
    const provider = new ServiceProvider({
      exchange: exchange as unknown as MessageExchange,
      services: () => ({ verification: true }),
      peer: undefined as unknown as ServiceUser,
      accepted: () => ({
        callingAeTitle: "SCU",
        calledAeTitle: "SCP",
        contexts: [
          {
            id: 1,
            abstractSyntaxUid: "1.2.840.10008.1.1",
            result: "acceptance",
            transferSyntaxUid: "1.2.840.10008.1.2",
            requestorRoles: { scu: true, scp: false },
          },
        ],
        maximumPduLength: 0,
        implementationClassUid: "",
        implementationVersionName: undefined,
        asynchronousOperations: synchronous,
        extendedNegotiations: [],
      }),
      connection: {},
      onFailure: (error) => {
        throw error;
      },
    });
    for (let messageId = 1; messageId <= 200; messageId++) {
      const message: Message = {
        contextId: 1,
        command: { kind: "C-ECHO-RQ", messageId, hasDataSet: false },
        dataSet: undefined,
      };
      provider.handle(message);
    }
    expect(flow).toEqual(["pause"]);
    await provider.idle();
    expect(answered).toBe(200);
    expect(flow).toEqual(["pause", "resume"]);
  });
});
