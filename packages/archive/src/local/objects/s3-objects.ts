/**
 * Objects in an S3-compatible bucket, which several processes may share.
 *
 * A PUT that was answered is durable, so nothing is left to do after a commit. Every object has a name of its own (see
 * `newSuffix`): two processes that receive one instance at once never write over each other, and the index decides which
 * of the objects counts.
 */
import { open } from "node:fs/promises";
import { ArchiveError } from "../../errors.ts";
import type { ByteRange } from "../../image-source.ts";
import { inParallel } from "../group.ts";
import type { IntentInit } from "../index/intents.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import type { S3Client } from "./s3-client.ts";
import { Spool } from "./spool.ts";

/** S3 takes no parts below 5 MiB but the last, and 10,000 at most: 80 GB. */
const partBytes = 8 << 20;

export class S3Objects implements ObjectStore {
  readonly kind = "s3";
  readonly memoryLimit = partBytes;
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  async read(key: string, offset: number, length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const response = await this.#get(key, { offset, length });
    return response === undefined ? new Uint8Array(0) : new Uint8Array(await response.arrayBuffer());
  }

  async *stream(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    if (range?.length === 0) return;
    const response = await this.#get(key, range);
    if (response?.body === null || response === undefined) return;
    try {
      yield* response.body as unknown as AsyncIterable<Uint8Array>;
    } catch (cause) {
      throw new ArchiveError("storage-failed", `The object ${key} could not be read to its end.`, { cause });
    }
  }

  /** Undefined beyond the end of the object. */
  async #get(key: string, range?: ByteRange): Promise<Response | undefined> {
    const response = await this.#client.send({
      method: "GET",
      key,
      headers:
        range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` },
      accept: [200, 206, 404, 416],
    });
    if (response.status === 404) {
      await response.body?.cancel();
      throw new ArchiveError("object-missing", `The object ${key} is not there.`);
    }
    if (response.status === 416) {
      await response.body?.cancel();
      return undefined;
    }
    return response;
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const response = await this.#client.send({ method: "HEAD", key, accept: [200, 404] });
    if (response.status === 404) return undefined;
    const modified = new Date(response.headers.get("last-modified") ?? 0);
    return { key, size: Number(response.headers.get("content-length") ?? 0), modified };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let token: string | undefined;
    do {
      const response = await this.#client.send({
        method: "GET",
        query: {
          "list-type": "2",
          prefix: `${this.#client.prefix}${prefix}`,
          "encoding-type": "url",
          ...(token === undefined ? {} : { "continuation-token": token }),
        },
        accept: [200],
      });
      const xml = await response.text();
      for (const [, contents = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = decodeURIComponent((field(contents, "Key") ?? "").replaceAll("+", " "));
        yield {
          key: key.slice(this.#client.prefix.length),
          size: Number(field(contents, "Size") ?? 0),
          modified: new Date(field(contents, "LastModified") ?? 0),
        };
      }
      token = field(xml, "IsTruncated") === "true" ? field(xml, "NextContinuationToken") : undefined;
    } while (token !== undefined);
  }

  async put(key: string, content: Uint8Array | Spool): Promise<void> {
    if (content instanceof Spool && !content.inMemory) {
      await content.toFile({ sync: false });
      await this.#putFile(key, content);
      return;
    }
    const bytes = content instanceof Spool ? content.bytes() : content;
    await this.#client.send({ method: "PUT", key, body: owned(bytes), accept: [200] });
  }

  /** In parts, each of which can be tried again. */
  async #putFile(key: string, spool: Spool): Promise<void> {
    const started = await this.#client.send({ method: "POST", key, query: { uploads: "" }, accept: [200] });
    const uploadId = field(await started.text(), "UploadId");
    if (uploadId === undefined)
      throw new ArchiveError("storage-failed", "The object storage did not begin an upload.");
    const file = await open(spool.filePath ?? "", "r");
    try {
      const count = Math.max(1, Math.ceil(spool.size / partBytes));
      const etags: string[] = [];
      await inParallel(
        Array.from({ length: count }, (_, index) => index),
        3,
        async (index) => {
          const body = new Uint8Array(Math.min(partBytes, spool.size - index * partBytes));
          await file.read(body, 0, body.byteLength, index * partBytes);
          const response = await this.#client.send({
            method: "PUT",
            key,
            query: { partNumber: String(index + 1), uploadId },
            body,
            accept: [200],
          });
          etags[index] = response.headers.get("etag") ?? "";
        },
      );
      const parts = etags.map(
        (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
      );
      const done = await this.#client.send({
        method: "POST",
        key,
        query: { uploadId },
        body: owned(Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`)),
        accept: [200],
      });
      // A failure after the status line was sent comes as an error in the body.
      if ((await done.text()).includes("<Error>"))
        throw new ArchiveError("storage-failed", "The object storage could not complete an upload.");
    } catch (error) {
      // What is not removed costs space until the bucket's own rule for unfinished uploads.
      await this.#client
        .send({ method: "DELETE", key, query: { uploadId }, accept: [204, 200, 404] })
        .catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
  }

  async delete(key: string): Promise<void> {
    await this.#client.send({ method: "DELETE", key, accept: [200, 204, 404] });
  }

  isFree(): boolean {
    return false;
  }

  async prepare(key: string, spool: Spool): Promise<undefined> {
    await this.put(key, spool);
    return undefined;
  }

  /** Only deletions are left to do, and those need nobody to wait: {@link settle} does them. */
  perform(): void {}

  performed(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async settle(intents: readonly IntentInit[]): Promise<void> {
    await inParallel(
      intents.filter(({ kind }) => kind === "delete"),
      8,
      ({ path }) => this.delete(path),
    );
  }
}

function field(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text
    ?.replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
