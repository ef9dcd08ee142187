// Associations with one C-ECHO each, one after another. Usage: node echoes.mjs PORT AE COUNT
import { connectTcp } from "@isocenter/network/node";

const [port, calledAeTitle, count] = process.argv.slice(2);
const contexts = [{ abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] }];
const start = performance.now();
for (let index = 0; index < Number(count); index++) {
  const association = await connectTcp("127.0.0.1", Number(port), {
    callingAeTitle: "BENCH",
    calledAeTitle,
    contexts,
  });
  await association.echo();
  await association.release();
}
process.stdout.write(`${(Number(count) / (performance.now() - start)) * 1000}\n`);
