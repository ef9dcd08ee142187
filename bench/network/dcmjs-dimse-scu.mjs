// dcmjs-dimse as a requestor that stores files. Usage: node dcmjs-dimse-scu.mjs PORT AE FOLDER
import { readdirSync } from "node:fs";
import { join } from "node:path";
import dcmjsDimse from "dcmjs-dimse";

const [port, aeTitle, folder] = process.argv.slice(2);
dcmjsDimse.log.setLevel("silent");
const client = new dcmjsDimse.Client();
let failures = 0;
let count = 0;
for (const name of readdirSync(folder)) {
  const request = new dcmjsDimse.requests.CStoreRequest(join(folder, name));
  request.on("response", (response) => {
    count++;
    if (response.getStatus() !== 0) failures++;
  });
  client.addRequest(request);
}
client.on("networkError", (error) => {
  process.stderr.write(`${error}\n`);
  process.exit(1);
});
client.on("closed", () => process.exit(failures === 0 && count > 0 ? 0 : 1));
client.send("127.0.0.1", Number(port), "BENCH", aeTitle);
