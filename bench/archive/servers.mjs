// The two archives under measurement, each in an empty folder on free loopback ports, with the processor time they used.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../network/programs.mjs";

const bin = fileURLToPath(new URL("../../packages/cli/bin/isocenter.mjs", import.meta.url));
const plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
/** Linux counts in hundredths of a second. */
const ticksPerSecond = 100;

async function until(what, test) {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await test().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not start`);
}

function running({ name, child, url, dicom, aeTitle }) {
  const gone = new Promise((resolve) => child.once("close", resolve));
  return {
    name,
    dicom,
    aeTitle,
    base: `${url}/dicom-web`,
    /** Seconds of processor time so far, of all threads. */
    cpu() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    async stop() {
      child.kill();
      await gone;
    },
  };
}

export async function startOrthanc(folder) {
  const [http, dicom] = [await freePort(), await freePort()];
  await mkdir(folder, { recursive: true });
  const config = join(folder, "orthanc.json");
  await writeFile(
    config,
    JSON.stringify({
      StorageDirectory: join(folder, "storage"),
      IndexDirectory: join(folder, "index"),
      HttpPort: http,
      DicomPort: dicom,
      DicomAlwaysAllowGet: true,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      Plugins: [plugin],
      DicomWeb: { Enable: true, Root: "/dicom-web/", EnableWado: false },
    }),
  );
  const child = spawn("Orthanc", [config], { env: { ...process.env, TCP_NODELAY: "1" }, stdio: "ignore" });
  const url = `http://127.0.0.1:${http}`;
  await until("Orthanc", async () => (await fetch(`${url}/system`)).ok);
  return running({ name: "Orthanc", child, url, dicom, aeTitle: "ORTHANC" });
}

export async function startIsocenter(folder) {
  const [http, dicom] = [await freePort(), await freePort()];
  const args = ["serve", "--data", folder, "--http", `127.0.0.1:${http}`, "--dicom", `127.0.0.1:${dicom}`];
  const flags = process.env.BENCH_NODE_FLAGS?.split(" ") ?? [];
  const child = spawn(process.execPath, [...flags, bin, ...args, "--aet", "ISOCENTER"], { stdio: "ignore" });
  const url = `http://127.0.0.1:${http}`;
  await until("isocenter", async () => (await fetch(`${url}/healthz`)).ok);
  return running({ name: "Isocenter", child, url, dicom, aeTitle: "ISOCENTER" });
}

/** Stores files over the web, twenty at once. */
export async function fill({ base }, files) {
  const boundary = "bench";
  let batch = [];
  const send = async () => {
    if (batch.length === 0) return;
    const parts = batch.flatMap((file) => [
      Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
      file,
      Buffer.from("\r\n"),
    ]);
    const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
    const response = await fetch(`${base}/studies`, {
      method: "POST",
      headers: {
        "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: "application/dicom+json",
      },
      body,
    });
    if (!response.ok) throw new Error(`storing answered ${response.status}`);
    await response.arrayBuffer();
    batch = [];
  };
  for (const file of files) {
    batch.push(file);
    if (batch.length === 20) await send();
  }
  await send();
}
