// Programs under measurement: started on free loopback ports, timed from start to exit, with their peak memory.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function listens(port) {
  for (let attempt = 0; attempt < 400; attempt++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Peak resident memory in MB, while the process lives. */
function peakOf(pid) {
  try {
    const line = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0; // gone already
  }
}

/** @returns a server with its port, peak memory so far, and a way to stop it */
export async function startServer(file, args, env = {}) {
  const port = await freePort();
  const child = spawn(file, args(port), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint = (complaint + chunk).slice(-2000);
  });
  const gone = new Promise((resolve) => child.once("close", resolve));
  await Promise.race([
    listens(port),
    gone.then(() => {
      throw new Error(`${file} ended: ${complaint}`);
    }),
  ]);
  return {
    port,
    peak: () => peakOf(child.pid),
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** Runs to the end. @returns seconds and peak MB. @throws when it fails */
export function timed(file, args, env = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let peak = 0;
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-2000);
      });
    const watch = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
    }, 50);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(watch);
      const seconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ seconds, peak, output });
      else reject(new Error(`${file} ${args.join(" ")} ended with ${code}: ${output}`));
    });
  });
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
