import { describe, expect, it } from "vitest";
import { parseTranscript, redacted, storyOf } from "./story.ts";

const request = {
  kind: "pdu",
  at: 1,
  direction: "sent" as const,
  pdu: {
    kind: "A-ASSOCIATE-RQ",
    callingAeTitle: "US",
    calledAeTitle: "THEM",
    contexts: [{ id: 1, abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] }],
  },
};
const accept = {
  kind: "pdu",
  at: 3,
  direction: "received" as const,
  pdu: {
    kind: "A-ASSOCIATE-AC",
    contexts: [{ id: 1, result: "acceptance", transferSyntaxUid: "1.2.840.10008.1.2" }],
  },
};

describe("an association's story", () => {
  it("pairs requests with their responses, and times them", () => {
    const { messages, contexts, outcome } = storyOf({
      id: "1",
      events: [
        request,
        accept,
        {
          kind: "command",
          at: 4,
          direction: "sent",
          contextId: 1,
          command: { kind: "C-ECHO-RQ", messageId: 1 },
        },
        {
          kind: "command",
          at: 9.5,
          direction: "received",
          contextId: 1,
          command: { kind: "C-ECHO-RSP", messageIdBeingRespondedTo: 1, status: 0 },
        },
        { kind: "ended", at: 11 },
      ],
    });
    expect(messages).toMatchObject([
      { kind: "C-ECHO-RQ" },
      { kind: "C-ECHO-RSP", status: "0000H", took: 5.5 },
    ]);
    expect(contexts).toMatchObject([{ id: 1, result: "acceptance", accepted: "1.2.840.10008.1.2" }]);
    expect(outcome).toBe("released");
  });
  it("says what to try after a rejection", () => {
    const reject = (reason: string) => ({
      kind: "pdu",
      at: 2,
      direction: "received" as const,
      pdu: { kind: "A-ASSOCIATE-RJ", result: "rejected-permanent", source: "service-user", reason },
    });
    expect(storyOf({ id: "1", events: [request, reject("calling-ae-title-not-recognized")] })).toMatchObject({
      outcome: "rejected",
      hint: "callingAe",
    });
    expect(storyOf({ id: "1", events: [request, reject("local-limit-exceeded")] }).hint).toBe("limit");
  });
  it("leaves patients out of a transcript, and reads it again", () => {
    const record = {
      id: "1",
      events: [
        {
          kind: "command",
          at: 1,
          command: { kind: "C-STORE-RQ", messageId: 1, affectedSopInstanceUid: "1.2.3" },
        },
        { kind: "data-set", at: 2, bytes: 10, content: { 0: 68 } },
      ],
    };
    const text = JSON.stringify(redacted(record));
    expect(text).not.toContain("1.2.3");
    expect(text).not.toContain("content");
    expect(parseTranscript(text)?.events).toHaveLength(2);
    expect(parseTranscript('{"events":[{"at":"x"}]}')).toBeUndefined();
    expect(parseTranscript("no")).toBeUndefined();
  });
});
