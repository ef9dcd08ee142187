/** The other side of the render pool: does one job after another, and says what became of it. */
import { parentPort } from "node:worker_threads";
import { decodeDataSet, IsocenterError, TransferSyntax } from "@isocenter/dicom";
import { WebProblem } from "../problem.ts";
import { directRenderer } from "../renderer.ts";
import type { RenderReply, RenderRequest } from "./render-messages.ts";

parentPort?.on("message", (request: RenderRequest) => {
  void answer(request);
});

async function answer(request: RenderRequest): Promise<void> {
  try {
    const bytes = await perform(request);
    // A view would be sent with all of the memory that it looks into.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    parentPort?.postMessage({ bytes: own } satisfies RenderReply, [own.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage(replyOf(error));
  }
}

function perform(request: RenderRequest): Promise<Uint8Array> {
  if (request.kind === "transcode") {
    return directRenderer.transcodeFrame(request.job, request.transferSyntaxUid, request.quality);
  }
  const dataSet = decodeDataSet(request.attributes, TransferSyntax.ExplicitVRLittleEndian);
  return directRenderer.renderFrame(request.job, dataSet, request.index, request.rendering);
}

function replyOf(error: unknown): RenderReply {
  if (error instanceof WebProblem) {
    return { name: error.name, code: error.code, message: error.message, status: error.status };
  }
  if (error instanceof IsocenterError) return { name: error.name, code: error.code, message: error.message };
  return { name: "Error", code: "renderer-failed", message: "The picture could not be made." };
}
