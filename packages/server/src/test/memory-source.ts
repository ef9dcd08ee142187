/**
 * An image source in memory, as plain as the interface allows: it has neither random access nor ready metadata unless
 * asked to, so that the face's own ways are tested too.
 */
import { readFileSync } from "node:fs";
import type {
  ImageSource,
  InstanceKey,
  InstanceObject,
  InstanceStream,
  Query,
  Selection,
  SourceCapabilities,
  StoreOutcome,
} from "@isocenter/archive";
import { ArchiveError, frameRangesOf } from "@isocenter/archive/dicomweb";
import {
  DataSet,
  decodePart10,
  encodeFileMeta,
  toDicomJson,
  type DicomJsonObject,
  fromDicomJson,
  tagToHex,
} from "@isocenter/dicom";

export interface MemoryInstance {
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  readonly bytes: Uint8Array;
}

export class MemorySource implements ImageSource {
  readonly instances: MemoryInstance[] = [];
  readonly queries: Query[] = [];
  readonly kind: SourceCapabilities["kind"];
  /** How often an instance was opened or retrieved. */
  reads = 0;
  /** Closed objects count down. */
  openObjects = 0;

  constructor(kind: SourceCapabilities["kind"] = "local") {
    this.kind = kind;
  }

  addFile(path: string): MemoryInstance {
    const bytes = readFileSync(path);
    const { dataSet, transferSyntaxUid, dataSetOffset } = decodePart10(bytes);
    const instance = { dataSet, transferSyntaxUid, bytes: new Uint8Array(bytes.subarray(dataSetOffset)) };
    this.instances.push(instance);
    return instance;
  }

  capabilities(): SourceCapabilities {
    return {
      kind: this.kind,
      find: true,
      retrieve: true,
      store: true,
      levels: ["PATIENT", "STUDY", "SERIES", "IMAGE"],
    };
  }

  async *find(query: Query): AsyncGenerator<DataSet> {
    this.queries.push(query);
    const unique = {
      PATIENT: "PatientID",
      STUDY: "StudyInstanceUID",
      SERIES: "SeriesInstanceUID",
      IMAGE: "SOPInstanceUID",
    };
    const seen = new Map<string, DataSet>();
    for (const { dataSet } of this.instances) {
      const matches = [...query.keys].every((key) => {
        const wanted = key.vr === "SQ" ? [] : query.keys.strings(key.tag).filter((value) => value !== "");
        const has = dataSet.strings(key.tag);
        return wanted.length === 0 || wanted.some((one) => has.some((value) => like(one, value)));
      });
      const uid = dataSet.string(unique[query.level]) ?? "";
      if (matches && !seen.has(uid)) seen.set(uid, dataSet);
    }
    const all = [...seen.values()].slice(query.offset ?? 0).slice(0, query.limit);
    for (const dataSet of all) {
      const json: DicomJsonObject = {};
      for (const { tag, vr } of query.keys) {
        json[tagToHex(tag)] = (toDicomJson(dataSet)[tagToHex(tag)] ?? { vr }) as DicomJsonObject[string];
      }
      yield fromDicomJson(json).merge(
        DataSet.of({ SpecificCharacterSet: "ISO_IR 192", QueryRetrieveLevel: query.level }),
      );
    }
  }

  selected(selection: Selection): MemoryInstance[] {
    return this.instances.filter(
      ({ dataSet }) =>
        dataSet.string("StudyInstanceUID") === selection.studyInstanceUid &&
        (selection.seriesInstanceUid ?? dataSet.string("SeriesInstanceUID")) ===
          dataSet.string("SeriesInstanceUID") &&
        (selection.sopInstanceUid ?? dataSet.string("SOPInstanceUID")) === dataSet.string("SOPInstanceUID"),
    );
  }

  async *retrieve(selection: Selection): AsyncGenerator<InstanceStream> {
    for (const { dataSet, transferSyntaxUid, bytes } of this.selected(selection)) {
      this.reads++;
      yield {
        sopClassUid: dataSet.string("SOPClassUID") ?? "",
        sopInstanceUid: dataSet.string("SOPInstanceUID") ?? "",
        transferSyntaxUid,
        size: bytes.byteLength,
        async *dataSet() {
          for (let at = 0; at < bytes.byteLength; at += 10_000) yield bytes.subarray(at, at + 10_000);
        },
      };
    }
  }

  async *store(
    instances: AsyncIterable<InstanceStream> | Iterable<InstanceStream>,
  ): AsyncGenerator<StoreOutcome> {
    for await (const instance of instances) {
      const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
      const chunks: Uint8Array[] = [];
      for await (const chunk of instance.dataSet()) chunks.push(chunk);
      const bytes = new Uint8Array(Buffer.concat(chunks));
      const head = encodeFileMeta(instance);
      try {
        const { dataSet } = decodePart10(new Uint8Array(Buffer.concat([head, bytes])));
        this.instances.push({ dataSet, transferSyntaxUid, bytes });
        yield { kind: "stored", sopClassUid, sopInstanceUid, status: 0 };
      } catch {
        yield { kind: "failed", sopClassUid, sopInstanceUid, status: 0xc000, reason: "It cannot be read." };
      }
    }
  }
}

/** The same with all that a source may have beside. */
export class RichMemorySource extends MemorySource {
  async *findJson(query: Query): AsyncGenerator<DicomJsonObject> {
    for await (const match of this.find(query)) {
      const json = toDicomJson(match);
      // As an index gives them: unique keys first, and nothing of the protocol.
      const { "0020000D": study, "00080005": _, "00080052": __, ...others } = json;
      yield (study === undefined ? others : { "0020000D": study, ...others }) as DicomJsonObject;
    }
  }

  async *metadata(selection: Selection): AsyncGenerator<string> {
    for (const { dataSet } of this.selected(selection)) {
      yield JSON.stringify(
        toDicomJson(dataSet, { bulkThreshold: 64, bulkDataUri: (path) => `bulkdata/${path.join("/")}` }),
      );
    }
  }

  async open(key: InstanceKey): Promise<InstanceObject> {
    const [found] = this.selected(key);
    if (found === undefined) throw new ArchiveError("instance-unknown", "There is no such instance.");
    this.reads++;
    this.openObjects++;
    const sopClassUid = found.dataSet.string("SOPClassUID") ?? "";
    const { transferSyntaxUid } = found;
    const head = encodeFileMeta({ sopClassUid, sopInstanceUid: key.sopInstanceUid, transferSyntaxUid });
    const file = new Uint8Array(Buffer.concat([head, found.bytes]));
    const read = async (offset: number, length: number) => file.subarray(offset, offset + length);
    return {
      ...key,
      sopClassUid,
      transferSyntaxUid,
      size: file.byteLength,
      dataSetOffset: head.byteLength,
      version: `v${file.byteLength}`,
      read,
      async *stream({ offset, length } = { offset: 0, length: file.byteLength }) {
        yield file.subarray(offset, offset + length);
      },
      frames: () => frameRangesOf({ size: file.byteLength, read }).catch(() => undefined),
      [Symbol.asyncDispose]: async () => {
        this.openObjects--;
      },
    };
  }

  async delete(selection: Selection): Promise<number> {
    const gone = this.selected(selection);
    for (const one of gone) this.instances.splice(this.instances.indexOf(one), 1);
    return gone.length;
  }
}

function like(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "i").test(value);
}
