/**
 * `DicomwebPeer`: a remote DICOMweb service (PS3.18 10) as an {@link ImageSource}.
 *
 * Everything streams: a search goes page by page, a retrieval part by part. An error of the service is an error here,
 * never an empty success.
 */
import { DataSet, type DicomJsonElement, type DicomJsonObject, fromDicomJson } from "@isocenter/dicom";
import { ArchiveError } from "../errors.ts";
import {
  type CallOptions,
  type ImageSource,
  type InstanceKey,
  type InstanceObject,
  type InstanceStream,
  type Query,
  queryLevels,
  type Selection,
  type SourceCapabilities,
  type StoreOutcome,
} from "../image-source.ts";
import { DicomwebError } from "./errors.ts";
import { HeldInstances } from "./held-instances.ts";
import { HeldObject } from "./held-object.ts";
import { jsonObjects } from "./json-objects.ts";
import { parseMediaType } from "./media-type.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";
import { instanceFromPart10 } from "./part10-instance.ts";
import { WebClient, type WebClientOptions } from "./web-client.ts";
import { openWebObject, type WebObjectHabits } from "./web-object.ts";
import { searchPath, selectionPath } from "./web-query.ts";
import { storeAtWeb } from "./web-store.ts";

export interface DicomwebPeerOptions extends WebClientOptions {
  /** Results asked for at a time. Default 500. */
  readonly pageSize?: number;
  /** Bytes of an instance that may be held where the service has no ranges. Default 1 GiB. */
  readonly maximumHeldBytes?: number;
}

const patientTags = [0x00100020, 0x00100021] as const;

export class DicomwebPeer implements ImageSource {
  readonly #client: WebClient;
  readonly #pageSize: number;
  readonly #maximumHeldBytes: number;
  readonly #held = new HeldInstances();
  readonly #habits: WebObjectHabits = { onlyWrapped: false };

  constructor({ pageSize = 500, maximumHeldBytes = 1 << 30, ...options }: DicomwebPeerOptions) {
    this.#client = new WebClient(options);
    this.#pageSize = pageSize;
    this.#maximumHeldBytes = maximumHeldBytes;
  }

  capabilities(): SourceCapabilities {
    return { kind: "dicomweb", find: true, retrieve: true, store: true, levels: queryLevels };
  }

  /** @throws DicomwebError */
  find(query: Query, options: CallOptions = {}): AsyncIterable<DataSet> {
    return query.level === "PATIENT" ? this.#findPatients(query, options) : this.#findPages(query, options);
  }

  async *#findPages(query: Query, { signal }: CallOptions): AsyncGenerator<DataSet> {
    const { path, parameters } = searchPath(query);
    let offset = query.offset ?? 0;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    let before: string | undefined;
    while (left > 0) {
      const limit = Math.min(left, this.#pageSize);
      parameters.set("limit", String(limit));
      parameters.set("offset", String(offset));
      const answer = await this.#client.request(`${path}?${parameters.toString()}`, {
        headers: { accept: "application/dicom+json" },
        signal,
        accepts: [200, 204],
      });
      if (answer.status === 204) return answer.cancel();
      let count = 0;
      for await (const json of jsonObjects(answer.body)) {
        // A service that does not know `offset` sends its first page for ever.
        if (count === 0 && json === before) return;
        if (count === 0) before = json;
        count++;
        yield matchOf(json);
        if (--left <= 0) return;
      }
      // More than the limit: the service does not know it, and that was everything. A shorter page may be the
      // service's own limit, which its warning tells (PS3.18 8.3.4.4.1).
      const isMore =
        count === limit || (count > 0 && (answer.headers.get("warning") ?? "").startsWith("299"));
      if (!isMore) return;
      offset += count;
    }
  }

  /** DICOMweb searches for studies; patients are theirs. */
  async *#findPatients(query: Query, options: CallOptions): AsyncGenerator<DataSet> {
    const seen = new Set<string>();
    let skip = query.offset ?? 0;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    const keys = query.keys.with("PatientID", query.keys.strings("PatientID"));
    const studies: Query = { level: "STUDY", keys, ...(query.fuzzy === true ? { fuzzy: true } : {}) };
    for await (const study of this.#findPages(studies, options)) {
      const patient = JSON.stringify(patientTags.map((tag) => study.string(tag) ?? ""));
      if (seen.has(patient)) continue;
      seen.add(patient);
      if (skip-- > 0) continue;
      yield DataSet.fromElements(
        study.elements.filter(({ tag }) => query.keys.has(tag) || tag === 0x00080005 || tag === 0x00100020),
      );
      if (--left <= 0) return;
    }
  }

  /** @throws DicomwebError; nothing is yielded for what is not there */
  async *retrieve(selection: Selection, { signal }: CallOptions = {}): AsyncGenerator<InstanceStream> {
    const answer = await this.#client.request(selectionPath(selection), {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
      signal,
      accepts: [200, 204, 404, 410],
    });
    if (answer.status !== 200) return answer.cancel();
    const contentType = answer.headers.get("content-type") ?? "";
    const { type } = parseMediaType(contentType === "" ? "application/dicom" : contentType);
    if (type === "application/dicom") yield await instanceFromPart10(answer.body);
    else if (type === "multipart/related") {
      for await (const { body } of readMultipart(answer.body, boundaryOf(contentType))) {
        yield await instanceFromPart10(body);
      }
    } else {
      await answer.cancel();
      throw new DicomwebError("web-response-invalid", "The DICOMweb service sent no DICOM files.");
    }
  }

  store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
    { signal }: CallOptions = {},
  ): AsyncIterable<StoreOutcome> {
    this.#held.clear();
    return storeAtWeb(this.#client, instances, signal);
  }

  async *metadata(selection: Selection, { signal }: CallOptions = {}): AsyncGenerator<string> {
    const answer = await this.#client.request(`${selectionPath(selection)}/metadata`, {
      headers: { accept: "application/dicom+json" },
      signal,
      accepts: [200, 204, 404, 410],
    });
    if (answer.status !== 200) return answer.cancel();
    for await (const json of jsonObjects(answer.body)) yield withRelativeReferences(json);
  }

  async open(key: InstanceKey, { signal }: CallOptions = {}): Promise<InstanceObject> {
    const name = `${key.studyInstanceUid} ${key.seriesInstanceUid} ${key.sopInstanceUid}`;
    const known = this.#held.peek(name);
    if (known !== undefined) return known;
    const object = await openWebObject(this.#client, key, this.#maximumHeldBytes, this.#habits, signal);
    // The service sent all of it: the next frame's request need not ask again.
    return object instanceof HeldObject ? this.#held.get(name, () => Promise.resolve(object)) : object;
  }

  /** @returns how many instances the service had of it before */
  async delete(selection: Selection, { signal }: CallOptions = {}): Promise<number> {
    const init: Record<string, string> = { StudyInstanceUID: selection.studyInstanceUid };
    if (selection.seriesInstanceUid !== undefined) init["SeriesInstanceUID"] = selection.seriesInstanceUid;
    if (selection.sopInstanceUid !== undefined) init["SOPInstanceUID"] = selection.sopInstanceUid;
    let count = 0;
    for await (const _ of this.#findPages(
      { level: "IMAGE", keys: DataSet.of(init) },
      signal === undefined ? {} : { signal },
    )) {
      count++;
    }
    const answer = await this.#client.request(selectionPath(selection), {
      method: "DELETE",
      signal,
      accepts: [200, 202, 204, 404, 405, 410, 501],
    });
    await answer.cancel();
    this.#held.clear();
    if (answer.status === 405 || answer.status === 501) {
      throw new ArchiveError("not-supported", "The DICOMweb service does not delete.");
    }
    return answer.status >= 400 ? 0 : count;
  }
}

/** @throws DicomwebError `web-response-invalid` */
function matchOf(json: string): DataSet {
  return fromDicomJson(objectOf(json));
}

function objectOf(json: string): DicomJsonObject {
  try {
    return JSON.parse(json) as DicomJsonObject;
  } catch (cause) {
    throw new DicomwebError("web-response-invalid", "The answer holds what is no JSON.", { cause });
  }
}

/** References are the service's own URLs; here they are relative to the instance, by their place in it. */
function withRelativeReferences(json: string): string {
  if (!json.includes("BulkDataURI")) return json;
  const object = objectOf(json);
  relate(object, "bulkdata");
  return JSON.stringify(object);
}

/** Deeper nesting is left as it is. */
const maximumDepth = 64;

function relate(object: DicomJsonObject, path: string, depth = 0): void {
  for (const [tag, element] of Object.entries(object)) {
    if (element.BulkDataURI !== undefined) element.BulkDataURI = `${path}/${tag}`;
    if (element.vr !== "SQ" || depth > maximumDepth) continue;
    (element.Value as DicomJsonElement["Value"])?.forEach((item, index) => {
      if (typeof item === "object" && item !== null) {
        relate(item as DicomJsonObject, `${path}/${tag}/${index}`, depth + 1);
      }
    });
  }
}
