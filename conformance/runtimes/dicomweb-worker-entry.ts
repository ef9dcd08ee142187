/**
 * The DICOMweb face in a Worker, over a source that keeps what is stored in memory; and the same through a DICOMweb peer
 * that asks this very face, so that both sides run here.
 */
import type { ImageSource, InstanceStream, Selection } from "@isocenter/archive";
import { DicomwebPeer } from "@isocenter/archive/dicomweb";
import { DataSet, decodeDataSet } from "@isocenter/dicom";
import { createDicomweb } from "@isocenter/server/dicomweb";

interface Held {
  readonly instance: Omit<InstanceStream, "dataSet">;
  readonly bytes: Uint8Array;
  readonly dataSet: DataSet;
}

const held: Held[] = [];

const memory: ImageSource = {
  capabilities: () => ({
    kind: "local",
    find: true,
    retrieve: true,
    store: true,
    levels: ["STUDY", "SERIES", "IMAGE"],
  }),
  async *find({ keys }) {
    for (const { dataSet } of held) {
      const own = dataSet.elements.filter(({ tag }) => keys.has(tag));
      yield DataSet.fromElements(own);
    }
  },
  async *retrieve(selection: Selection) {
    for (const { instance, bytes } of held) {
      if (instance.studyInstanceUid !== selection.studyInstanceUid) continue;
      yield {
        ...instance,
        async *dataSet() {
          yield bytes;
        },
      };
    }
  },
  async *store(instances) {
    for await (const instance of instances) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of instance.dataSet()) chunks.push(chunk);
      const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
      const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
      held.push({ instance, bytes, dataSet: decodeDataSet(bytes, transferSyntaxUid) });
      yield { kind: "stored", sopClassUid, sopInstanceUid, status: 0 };
    }
  },
};

const near = createDicomweb({ sourceFor: (peer) => (peer === undefined ? memory : undefined) });
const peer = new DicomwebPeer({
  url: "http://worker/dicom-web",
  fetch: (input, init) => near(new Request(input as RequestInfo, init)),
});
const face = createDicomweb({
  sourceFor: (id) => (id === undefined ? memory : id === "far" ? peer : undefined),
});

// Workers are given their handlers by the default export.
// oxlint-disable-next-line import/no-default-export
export default { fetch: (request: Request): Promise<Response> => face(request) };
