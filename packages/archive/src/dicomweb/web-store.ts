/** Storing at a DICOMweb service (PS3.18 10.5): instances out as one multipart stream, their outcomes back. */
import { DataSet, type DicomJsonObject, fromDicomJson } from "@isocenter/dicom";
import type { InstanceStream, StoreOutcome } from "../image-source.ts";
import { DicomwebError } from "./errors.ts";
import { parseMediaType } from "./media-type.ts";
import { multipartEnd, newBoundary, partHead } from "./multipart.ts";
import { fileHeadOf } from "./part10-instance.ts";
import { readNativeXml } from "./read-native-xml.ts";
import type { WebAnswer, WebClient } from "./web-client.ts";
import { streamOf } from "./web-streams.ts";

/** One request's instances and bytes: a failure costs no more than that to repeat. */
const batchInstances = 100;
const batchBytes = 64 * 1024 * 1024;
/** An answer of some hundred outcomes. */
const maximumAnswer = 16 * 1024 * 1024;
const processingFailure = 0x0110;

type Sent = Pick<InstanceStream, "sopClassUid" | "sopInstanceUid">;

export async function* storeAtWeb(
  client: WebClient,
  instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoreOutcome> {
  const queue = new Queue(instances);
  try {
    while (await queue.hasNext()) yield* await storeBatch(client, queue, signal);
  } finally {
    await queue.close();
  }
}

/** Instances with a look at the next one, so that a request is only begun when there is something for it. */
class Queue {
  readonly #iterator: AsyncIterator<InstanceStream> | Iterator<InstanceStream>;
  #next: InstanceStream | undefined;

  constructor(instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>) {
    this.#iterator =
      Symbol.asyncIterator in instances ? instances[Symbol.asyncIterator]() : instances[Symbol.iterator]();
  }

  async hasNext(): Promise<boolean> {
    if (this.#next !== undefined) return true;
    const next = await this.#iterator.next();
    this.#next = next.done === true ? undefined : next.value;
    return this.#next !== undefined;
  }

  take(): InstanceStream | undefined {
    const taken = this.#next;
    this.#next = undefined;
    return taken;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

async function storeBatch(
  client: WebClient,
  queue: Queue,
  signal: AbortSignal | undefined,
): Promise<StoreOutcome[]> {
  const sent: Sent[] = [];
  const boundary = newBoundary();
  let failure: unknown;
  async function* body(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    while (sent.length < batchInstances && bytes < batchBytes && (await queue.hasNext())) {
      const instance = queue.take();
      if (instance === undefined) break;
      const { sopClassUid, sopInstanceUid } = instance;
      // Without parameters: the file says its syntax itself, and some services refuse what they do not expect here.
      yield partHead(boundary, { "Content-Type": "application/dicom" }, sent.length === 0);
      sent.push({ sopClassUid, sopInstanceUid });
      yield fileHeadOf(instance);
      for await (const chunk of instance.dataSet()) {
        bytes += chunk.byteLength;
        yield chunk;
      }
    }
    yield multipartEnd(boundary);
  }
  let answer: WebAnswer;
  try {
    answer = await client.request("/studies", {
      method: "POST",
      headers: {
        "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: "application/dicom+json",
      },
      body: streamOf(body(), (error) => (failure = error)),
      signal,
      accepts: [200, 202, 409],
    });
  } catch (error) {
    // What broke off our own stream is the reason, rather than that it broke off.
    if (failure !== undefined) throw failure;
    if (error instanceof DicomwebError && error.code === "web-status") {
      return sent.map((one) => failed(one, processingFailure, error.message));
    }
    throw error;
  }
  const response = await responseOf(answer);
  return sent.map((one) => outcomeOf(one, response));
}

/** Store Instances Response Module, PS3.18 Annex I. */
async function responseOf({ headers, body }: WebAnswer): Promise<DataSet> {
  const { type } = parseMediaType(headers.get("content-type") ?? "application/dicom+json");
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maximumAnswer) throw invalid();
  }
  if (text.trim() === "") return DataSet.empty;
  if (type.endsWith("xml")) return fromDicomJson(readNativeXml(text));
  try {
    const json = JSON.parse(text) as DicomJsonObject | DicomJsonObject[];
    // Some services wrap it.
    return fromDicomJson(Array.isArray(json) ? (json[0] ?? {}) : json);
  } catch (cause) {
    throw invalid(cause);
  }
}

function outcomeOf(sent: Sent, response: DataSet): StoreOutcome {
  const isThis = (item: DataSet): boolean => item.string("ReferencedSOPInstanceUID") === sent.sopInstanceUid;
  const stored = response.items("ReferencedSOPSequence").find(isThis);
  if (stored !== undefined) return { kind: "stored", ...sent, status: stored.number("WarningReason") ?? 0 };
  const refused = response.items("FailedSOPSequence").find(isThis);
  const reason = refused?.number("FailureReason") ?? processingFailure;
  const code = reason.toString(16).toUpperCase().padStart(4, "0");
  return failed(
    sent,
    reason,
    refused === undefined
      ? "The DICOMweb service did not say what became of the instance."
      : `The DICOMweb service refused the instance (${code}H).`,
  );
}

function failed(sent: Sent, status: number, reason: string): StoreOutcome {
  return { kind: "failed", ...sent, status, reason };
}

function invalid(cause?: unknown): DicomwebError {
  return new DicomwebError("web-response-invalid", "The answer to storing cannot be read.", { cause });
}
