// The conversations that fuzz/network.mjs mutates, put together by hand from PS3.8 9.3 and PS3.7 6.3: lists of PDUs, each
// either bytes or the fragments of a P-DATA-TF.
import { DataSet, encodeDataSet } from "@isocenter/dicom";
import { StudyRootFind } from "@isocenter/network";

const implicit = "1.2.840.10008.1.2";
const explicit = "1.2.840.10008.1.2.1";
const ctImage = "1.2.840.10008.5.1.4.1.1.2";
export const [ofData, ofCommand, lastOfData, lastOfCommand] = [0, 1, 2, 3];

export const joined = (...parts) => Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(part)))); // text, numbers or bytes
const uint16 = (value) => [(value >>> 8) & 0xff, value & 0xff];
export const uint32 = (value) => [...uint16(value >>> 16), ...uint16(value & 0xffff)];
const item = (type, ...parts) => {
  const body = joined(...parts);
  return joined([type, 0, ...uint16(body.length)], body);
};
export const pdu = (type, ...parts) => {
  const body = joined(...parts);
  return joined([type, 0, ...uint32(body.length)], body);
};
const counted = (text) => joined(uint16(text.length), text);

const contextResult = (id, syntax) => item(0x21, [id, 0, 0, 0], item(0x40, syntax));
const contextOf = (id, abstractSyntax, ...syntaxes) =>
  item(0x20, [id, 0, 0, 0], item(0x30, abstractSyntax), ...syntaxes.map((uid) => item(0x40, uid)));
/** The fields that request and acceptance have in common, PS3.8 9.3.2 and 9.3.3. */
const associate = (type, called, contexts, more) =>
  pdu(
    type,
    uint16(1),
    [0, 0],
    called.padEnd(16),
    "FUZZ".padEnd(16),
    new Uint8Array(32),
    item(0x10, "1.2.840.10008.3.1.1.1"),
    ...contexts,
    item(0x50, item(0x51, uint32(16_384)), item(0x52, "2.25.1"), item(0x55, "FUZZ"), ...more),
  );
const associateRq = (called, ...more) =>
  associate(
    1,
    called,
    [
      contextOf(1, "1.2.840.10008.1.1", implicit),
      contextOf(3, ctImage, explicit, implicit),
      contextOf(5, StudyRootFind.sopClassUid, explicit),
    ],
    more,
  );
const associateAc = (...more) =>
  associate(
    2,
    "PEER",
    [contextResult(1, implicit), contextResult(3, explicit), contextResult(5, explicit)],
    more,
  );
const everyItem = [
  item(0x53, uint16(8), uint16(8)),
  item(0x54, counted(ctImage), [1, 1]),
  item(0x56, counted(StudyRootFind.sopClassUid), [1, 0, 1, 1]),
  item(0x57, counted(ctImage), counted("1.2.840.10008.4.2"), uint16(7), counted("1.2.3")),
  item(0x58, [2, 1], counted("user"), counted("passcode")),
];
const association = { bytes: associateRq("ISO") };
const releaseRq = { bytes: pdu(5, [0, 0, 0, 0]) };
const abort = { bytes: pdu(7, [0, 0, 0, 0]) };

function command(elements) {
  const parts = elements.map(([element, value]) => {
    const data = typeof value === "number" ? Buffer.from([value & 0xff, value >>> 8]) : Buffer.from(value);
    const padding = data.length % 2 === 0 ? [] : [0];
    const head = Buffer.alloc(8);
    head.writeUInt16LE(element, 2);
    head.writeUInt32LE(data.length + padding.length, 4);
    return joined(head, data, padding);
  });
  const body = joined(...parts);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return joined([0, 0, 0, 0, 4, 0, 0, 0], length, body);
}
const request = (kind, sopClass, messageId, hasDataSet, ...more) =>
  command([[2, sopClass], [0x0100, kind], [0x0110, messageId], [0x0800, hasDataSet ? 1 : 0x0101], ...more]);

const fragments = (context, control, bytes) => ({ context, control, bytes });
const echo = (id) => ({
  fragments: [fragments(1, lastOfCommand, request(0x30, "1.2.840.10008.1.1", id, false))],
});
const store = (id, dataSet) => [
  { fragments: [fragments(3, lastOfCommand, request(1, ctImage, id, true, [0x1000, "1.2.3"]))] },
  {
    fragments: [
      fragments(3, ofData, dataSet.subarray(0, 50)),
      fragments(3, ofData, dataSet.subarray(50, 90)),
    ],
  },
  { fragments: [fragments(3, lastOfData, dataSet.subarray(90))] },
];
const find = (id, identifier) => ({
  fragments: [
    fragments(5, lastOfCommand, request(0x20, StudyRootFind.sopClassUid, id, true)),
    fragments(5, lastOfData, identifier),
  ],
});
const cancel = (id) => ({
  fragments: [
    fragments(
      5,
      lastOfCommand,
      command([
        [0x0100, 0x0fff],
        [0x0120, id],
        [0x0800, 0x0101],
      ]),
    ),
  ],
});

const image = encodeDataSet(
  DataSet.of({
    SOPInstanceUID: "1.2.3",
    PatientName: "Fuzz^Ed",
    PixelData: { vr: "OW", value: new Uint8Array(64) },
  }),
  explicit,
);
const identifier = encodeDataSet(DataSet.of({ QueryRetrieveLevel: "STUDY", PatientID: "1*" }), explicit);

/** What a requestor says. */
export const requests = [
  [association, echo(1), releaseRq],
  [association, echo(1), echo(2), echo(3), releaseRq],
  [association, ...store(1, image), releaseRq],
  [association, ...store(1, image), echo(2), ...store(3, image), releaseRq],
  [association, find(1, identifier), releaseRq],
  [association, find(1, identifier), cancel(1), echo(2), releaseRq],
  [association, echo(1), abort],
  [{ bytes: associateRq("ISO", ...everyItem) }, find(7, identifier), ...store(8, image), echo(9), releaseRq],
  [{ bytes: associateRq("OTHER") }],
  [{ bytes: pdu(2, [0, 1, 0, 0]) }, { bytes: pdu(3, [0, 1, 1, 1]) }, { bytes: pdu(6, [0, 0, 0, 0]) }],
];

const response = (kind, messageId, status, hasDataSet) =>
  command([
    [0x0100, kind],
    [0x0120, messageId],
    [0x0800, hasDataSet ? 1 : 0x0101],
    [0x0900, status],
  ]);
const answer = (context, kind, messageId, status = 0) => ({
  fragments: [fragments(context, lastOfCommand, response(kind, messageId, status, false))],
});
const match = (messageId, patientId) => ({
  fragments: [
    fragments(5, lastOfCommand, response(0x8020, messageId, 0xff00, true)),
    fragments(5, lastOfData, encodeDataSet(DataSet.of({ PatientID: patientId }), explicit)),
  ],
});
const acceptance = { bytes: associateAc() };
const releaseRp = { bytes: pdu(6, [0, 0, 0, 0]) };
const echoed = answer(1, 0x8030, 1);
const found = answer(5, 0x8020, 2);
const kept = answer(3, 0x8001, 3);

/** What an acceptor says to a requestor that echoes, queries, stores and releases. */
export const answers = [
  [acceptance, echoed, match(2, "a"), match(2, "b"), found, kept, releaseRp],
  [acceptance, echoed, match(2, "stop"), match(2, "b"), answer(5, 0x8020, 2, 0xfe00), kept, releaseRp],
  [acceptance, echoed, found, answer(3, 0x8001, 3, 0xb000), releaseRp],
  [acceptance, echoed, match(2, "a"), answer(5, 0x8020, 2, 0xa700)],
  [acceptance, echoed, found, kept, releaseRq, releaseRp],
  [acceptance, echoed, releaseRq],
  [acceptance, echoed, match(2, "a"), abort],
  [
    { bytes: associateAc(...everyItem.slice(0, 2), item(0x59, counted("token"))) },
    echoed,
    found,
    kept,
    releaseRp,
  ],
  [{ bytes: pdu(3, [0, 1, 1, 7]) }],
];
