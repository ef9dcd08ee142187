/** An S3 server for tests: s3rver, behind a proxy that can be told to fail. */
import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

export interface TestS3 {
  /** @returns the URL of an empty prefix */
  createPlace(): string;
  /** Answers instead of the server where it gives a status. */
  fail: (method: string, url: string) => number | undefined;
  /** Requests so far, `METHOD path`. */
  readonly requests: string[];
  stop(): Promise<void>;
}

export async function startS3(): Promise<TestS3> {
  const folder = await mkdtemp(join(tmpdir(), "isocenter-s3-"));
  const S3rver = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;
  const inner = new S3rver({
    port: 0,
    address: "127.0.0.1",
    silent: true,
    directory: folder,
    configureBuckets: [{ name: "archive" }],
  });
  const { port } = await inner.run();
  process.env["AWS_ACCESS_KEY_ID"] = "S3RVER";
  process.env["AWS_SECRET_ACCESS_KEY"] = "S3RVER";
  let places = 0;
  const s3: TestS3 = {
    createPlace: () =>
      `s3://archive/place${++places}?endpoint=http://127.0.0.1:${(proxy.address() as AddressInfo).port}&region=eu-central-1`,
    fail: () => undefined,
    requests: [],
    async stop() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await inner.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const proxy: Server = createServer((request, response) => forward(s3, port, request, response));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return s3;
}

function forward(s3: TestS3, port: number, request: IncomingMessage, response: ServerResponse): void {
  const { method = "GET", url = "/" } = request;
  s3.requests.push(`${method} ${url}`);
  const status = s3.fail(method, url);
  if (status !== undefined) {
    request.resume();
    response.writeHead(status, { "content-type": "application/xml" });
    response.end("<Error><Code>InternalError</Code></Error>");
    return;
  }
  const onward = httpRequest(
    { host: "127.0.0.1", port, method, path: url, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    },
  );
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}
