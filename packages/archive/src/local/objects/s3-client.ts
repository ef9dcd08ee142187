/**
 * The few requests of S3 that an archive needs, signed by SigV4, tried again where the service asks for it.
 *
 * Kept to what every compatible service has: PUT, GET with Range, HEAD, DELETE, ListObjectsV2 and multipart uploads.
 */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { ArchiveError } from "../../errors.ts";

export interface S3Location {
  /** `https://host[:port]/bucket`, without a slash at the end. */
  readonly base: string;
  /** Before every key; empty, or with a slash at the end. */
  readonly prefix: string;
  readonly region: string;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const attempts = 5;
const firstDelayMs = 100;
/** Of one try, from its first byte to its last; parts are small. */
const tryTimeoutMs = 60_000;

/**
 * @param url `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-central-1`; without an endpoint it is Amazon's
 * @throws ArchiveError `data-folder-unusable` when it is no such URL
 */
export function parseS3Url(url: string): S3Location {
  const unusable = (why: string): ArchiveError =>
    new ArchiveError("data-folder-unusable", `"${url}" cannot hold objects: ${why}.`);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ArchiveError("data-folder-unusable", `"${url}" is no URL.`, { cause });
  }
  if (parsed.protocol !== "s3:") throw unusable("it does not begin with s3://");
  const bucket = parsed.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw unusable("the bucket's name is not valid");
  const region = parsed.searchParams.get("region") ?? process.env["AWS_REGION"] ?? "us-east-1";
  const endpoint = parsed.searchParams.get("endpoint") ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:\/\/[^/?#]+\/?$/.test(endpoint)) throw unusable("the endpoint is no http or https address");
  const folder = parsed.pathname.replace(/^\/+|\/+$/g, "");
  if (!/^[A-Za-z0-9._/-]*$/.test(folder)) throw unusable("the prefix holds characters that are not safe");
  return {
    base: `${endpoint.replace(/\/$/, "")}/${bucket}`,
    prefix: folder === "" ? "" : `${folder}/`,
    region,
  };
}

/** From the environment, as every tool of S3 has them. @throws ArchiveError `data-folder-unusable` */
export function credentialsFromEnvironment(): S3Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new ArchiveError(
      "data-folder-unusable",
      "Objects in S3 need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
    );
  return { accessKeyId, secretAccessKey, sessionToken: process.env["AWS_SESSION_TOKEN"] };
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Statuses that are answers; others are errors. */
  readonly accept: readonly number[];
}

export class S3Client {
  readonly #location: S3Location;
  readonly #aws: AwsClient;
  readonly #delayMs: number;

  constructor(location: S3Location, credentials: S3Credentials, options: { readonly delayMs?: number } = {}) {
    this.#location = location;
    const { sessionToken, ...rest } = credentials;
    this.#aws = new AwsClient({
      ...rest,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "s3",
      region: location.region,
    });
    this.#delayMs = options.delayMs ?? firstDelayMs;
  }

  /** @throws ArchiveError `storage-failed` once it has failed again and again */
  async send(request: S3Request): Promise<Response> {
    let last: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await this.#pause(attempt);
      try {
        const response = await this.#try(request);
        if (request.accept.includes(response.status)) return response;
        await response.body?.cancel();
        last = new Error(`status ${response.status}`);
        // Others are about the request, and would be the same again.
        if (response.status < 500 && response.status !== 429 && response.status !== 408) break;
      } catch (error) {
        last = error;
      }
    }
    const why = last instanceof Error ? last.message : String(last);
    throw new ArchiveError("storage-failed", `The object storage failed at ${request.method}: ${why}.`, {
      cause: last,
    });
  }

  async #try({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const { base, prefix } = this.#location;
    const url = new URL(key === undefined ? base : `${base}/${prefix}${key}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signed = await this.#aws.sign(url.href, {
      method,
      // The service checks what arrives against it.
      headers: {
        ...headers,
        "x-amz-content-sha256": createHash("sha256")
          .update(body ?? "")
          .digest("hex"),
      },
      ...(body === undefined ? {} : { body }),
    });
    return fetch(signed, { signal: AbortSignal.timeout(tryTimeoutMs) });
  }

  /** Longer each time, and not at the same moment as everyone else. */
  #pause(attempt: number): Promise<void> {
    const most = this.#delayMs * 2 ** attempt;
    return new Promise((resolve) => {
      setTimeout(resolve, most / 2 + (Math.random() * most) / 2);
    });
  }

  get prefix(): string {
    return this.#location.prefix;
  }
}
