import { connectTcp } from "@isocenter/network/node";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodePart10, Part10Parser } from "@isocenter/dicom";
const [port, folder] = process.argv.slice(2);
const files = readdirSync(folder).map((f) => join(folder, f));
const ct = "1.2.840.10008.5.1.4.1.1.2",
  ele = "1.2.840.10008.1.2.1";
const list = files.map((f) => {
  const b = readFileSync(f);
  const p = new Part10Parser({ until: 0x00080020 });
  p.push(b.subarray(0, 8192));
  return {
    sopClassUid: ct,
    sopInstanceUid: p.dataSet.string("SOPInstanceUID"),
    transferSyntaxUid: ele,
    dataSet: b.subarray(p.dataSetOffset),
  };
});
for (let r = 0; r < 3; r++) {
  const a = await connectTcp("127.0.0.1", Number(port), {
    callingAeTitle: "A",
    calledAeTitle: "STORESCP",
    contexts: [{ abstractSyntaxUid: ct, transferSyntaxUids: [ele] }],
  });
  const t = performance.now();
  for (const i of list) await a.store(i);
  const ms = performance.now() - t;
  await a.release();
  console.log(folder, ms.toFixed(0) + " ms", ((list.length / ms) * 1000).toFixed(0) + "/s");
}
