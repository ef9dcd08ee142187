/**
 * Associations from inside a Worker: the association suite over its sockets, WebSockets and streams, and a PACS's ordinary
 * work. Each request does one thing; what fails is answered as text.
 */
import { connect } from "cloudflare:sockets";
import { TransferSyntax } from "../../packages/dicom/src/index.ts";
import type { AssociateOptions } from "../../packages/network/src/association.ts";
import { StudyRootFind, Verification } from "../../packages/network/src/services/models.ts";
import { associationSuite } from "../../packages/network/src/test/association-suite.ts";
import { connectWebSocket } from "../../packages/network/src/websocket/index.ts";
import { connectSocket } from "../../packages/network/src/workers.ts";
import { memoryLine, type Line } from "./network-lines.ts";

const { ExplicitVRLittleEndian, ImplicitVRLittleEndian } = TransferSyntax;
const ctImage = "1.2.840.10008.5.1.4.1.1.2";

/** Kept over requests: its acceptor is asked later what it saw. Made in a request, as a Worker must. */
let memory: Line | undefined;

function lineOf(kind: string, query: URLSearchParams): Line {
  const port = Number(query.get("port"));
  const tls = query.get("tls") === "on";
  switch (kind) {
    case "sockets":
      return (options) => connectSocket(connect, "localhost", port, { ...options, tls });
    case "websockets":
      return (options) => connectWebSocket(query.get("url") ?? "", options);
    default:
      return (memory ??= memoryLine());
  }
}

async function runScenario(kind: string, name: string, query: URLSearchParams): Promise<void> {
  await associationSuite[name]?.({ connect: lineOf(kind, query), inFlight: Number(query.get("inFlight")) });
}

/** Echo, store and find at one PACS, as the answer says. */
async function work(port: number, calledAeTitle: string, dataSet: Uint8Array): Promise<unknown> {
  const options: AssociateOptions = {
    callingAeTitle: "WORKER",
    calledAeTitle,
    contexts: [
      { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [ImplicitVRLittleEndian] },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [ExplicitVRLittleEndian] },
      { abstractSyntaxUid: ctImage, transferSyntaxUids: [ExplicitVRLittleEndian] },
    ],
  };
  const association = await connectSocket(connect, "127.0.0.1", port, options);
  const echo = (await association.echo()).status.code;
  const store = await association.store({
    sopClassUid: ctImage,
    sopInstanceUid: "1.2.826.0.1.3680043.2.1125.77.1",
    transferSyntaxUid: ExplicitVRLittleEndian,
    dataSet,
  });
  const found: (string | undefined)[] = [];
  for await (const match of association.find(StudyRootFind, {
    QueryRetrieveLevel: "STUDY",
    PatientID: "WORKER-1",
  }))
    found.push(match.string("PatientID"));
  await association.release();
  return { echo, store: store.status.code, found };
}

// Workers are given their handlers by the default export.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, kind = "", name = ""] = pathname.split("/").map(decodeURIComponent);
    try {
      if (kind === "names") return Response.json(Object.keys(associationSuite));
      if (kind === "work") {
        const dataSet = new Uint8Array(await request.arrayBuffer());
        return Response.json(await work(Number(searchParams.get("port")), name, dataSet));
      }
      await runScenario(kind, name, searchParams);
      return new Response("ok");
    } catch (error) {
      const { code = "", message, stack } = error as { code?: string; message: string; stack?: string };
      return new Response(`${code} ${message}\n${stack ?? ""}`, { status: 500 });
    }
  },
};
