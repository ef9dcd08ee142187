/** Associations from inside a page: the association suite over WebSockets and streams, and an echo. */
import { Verification } from "../../packages/network/src/services/models.ts";
import { associationSuite } from "../../packages/network/src/test/association-suite.ts";
import { connectWebSocket } from "../../packages/network/src/websocket/index.ts";
import { memoryLine } from "./network-lines.ts";

const memory = memoryLine();

/** @returns "ok", or what went wrong */
async function runScenario(name: string, url: string | undefined, inFlight: number): Promise<string> {
  try {
    const connect = url === undefined ? memory : connectWebSocket.bind(undefined, url);
    await associationSuite[name]?.({ connect, inFlight });
    return "ok";
  } catch (error) {
    return String((error as Error).stack);
  }
}

/** @returns the status, or the error's code and words */
async function echo(url: string, calledAeTitle: string): Promise<unknown> {
  try {
    const association = await connectWebSocket(url, {
      callingAeTitle: "CHROMIUM",
      calledAeTitle,
      contexts: [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }],
    });
    const { status } = await association.echo();
    await association.release();
    return status.code;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return { code, message };
  }
}

Object.assign(globalThis, { runScenario, echo });
