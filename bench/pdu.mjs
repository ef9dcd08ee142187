// What one PDU and one command set cost: node bench/pdu.mjs [--rounds 9]. Needs a build. Medians of the rounds.
import { performance } from "node:perf_hooks";
import { decodeCommand } from "../packages/network/dist/dimse/decode.js";
import { encodeCommand } from "../packages/network/dist/dimse/encode.js";
import { encodePDataHeader } from "../packages/network/dist/pdu/encode.js";
import { PduReader } from "../packages/network/dist/pdu/reader.js";

const roundsAt = process.argv.indexOf("--rounds");
const rounds = roundsAt < 0 ? 9 : Number(process.argv[roundsAt + 1]);

/** Nanoseconds for one of `count`. */
function measure(count, work) {
  const took = [];
  for (let round = 0; round < rounds + 2; round++) {
    const begin = performance.now();
    work();
    if (round >= 2) took.push(performance.now() - begin);
  }
  took.sort((a, b) => a - b);
  return Math.round((took[took.length >> 1] / count) * 1e6);
}

const print = (what, nanoseconds) =>
  process.stdout.write(`${what.padEnd(52)} ${String(nanoseconds).padStart(8)} ns\n`);

// As a socket gives them: chunks of 64 KiB that begin and end anywhere.
for (const payload of [128, 16_378, 131_066]) {
  const pdu = new Uint8Array(12 + payload);
  pdu.set(encodePDataHeader(1, 0, payload));
  const count = Math.floor((1 << 25) / pdu.length);
  const bytes = new Uint8Array(count * pdu.length);
  for (let index = 0; index < count; index++) bytes.set(pdu, index * pdu.length);
  const chunks = [];
  for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
  let received = 0;
  const handler = {
    onPData: () => undefined,
    onPdu: () => undefined,
    onFragment: (_contextId, _control, piece) => {
      received += piece.byteLength;
    },
  };
  const reader = new PduReader(handler, 0);
  const cost = measure(count, () => {
    for (const chunk of chunks) reader.push(chunk);
  });
  if (received !== count * payload * (rounds + 2)) throw new Error(`${received} bytes were received`);
  print(`read a P-DATA-TF of ${payload} bytes`, cost);
}

const uid = "1.2.826.0.1.3680043.8.498.12345678901234567890123456789012345678";
const common = { affectedSopClassUid: "1.2.840.10008.5.1.4.1.1.2", affectedSopInstanceUid: uid };
for (const command of [
  { kind: "C-STORE-RQ", ...common, messageId: 7, priority: 0, hasDataSet: true },
  { kind: "C-STORE-RSP", ...common, messageIdBeingRespondedTo: 7, status: 0, hasDataSet: false },
]) {
  const count = 50_000;
  const bytes = encodeCommand(command);
  print(
    `write a ${command.kind}`,
    measure(count, () => {
      for (let index = 0; index < count; index++) encodeCommand(command);
    }),
  );
  print(
    `read a ${command.kind}`,
    measure(count, () => {
      for (let index = 0; index < count; index++) decodeCommand(bytes);
    }),
  );
}
