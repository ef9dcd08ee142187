/** Starts everything that `isocenter serve` runs: the archive, the DIMSE listener and the HTTP server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { LocalArchive, MoveReceiver } from "@isocenter/archive";
import { type Logger, pino } from "pino";
import { AssociationRecorder } from "./associations/recorder.ts";
import {
  ConfigError,
  checkConfig,
  formatAddress,
  type ListenAddress,
  type ServerConfig,
} from "./config/config.ts";
import { RenderPool } from "./dicomweb/node/render-pool.ts";
import { type DimseFaceOptions, serveDimse } from "./dimse/scp.ts";
import { createApp } from "./http/app.ts";
import { addPage } from "./http/page.ts";
import { jobProblemOf } from "./http/problem.ts";
import { JobRegistry } from "./jobs/jobs.ts";
import { PeerSources } from "./peers/peer-sources.ts";
import { storedPeers } from "./peers/peer-store.ts";
import { PeerRegistry } from "./peers/registry.ts";
import { openState } from "./state/state-database.ts";

export interface RunningServer extends AsyncDisposable {
  /** Where it really listens: a configured port 0 is a free one. */
  readonly http: ListenAddress;
  readonly dicom: ListenAddress;
  readonly dicomTls?: ListenAddress;
  readonly archive: LocalArchive;
  /** Stops taking connections, lets what runs finish, and closes the archive. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly logger?: Logger;
  /** Runs when the ports are taken and before `/healthz` says ready, for instance to load the demo hospital. */
  readonly prepare?: (archive: LocalArchive) => Promise<void>;
}

/** @throws ConfigError or ArchiveError when it cannot start; nothing is left open then */
export async function startServer(config: ServerConfig, options: StartOptions = {}): Promise<RunningServer> {
  checkConfig(config);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const server = await start(config, options, (closer) => closers.push(closer));
    return { ...server, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: ServerConfig,
  { logger = pino({ level: "silent" }), prepare }: StartOptions,
  onClose: (closer: () => Promise<void>) => void,
): Promise<Omit<RunningServer, "close" | typeof Symbol.asyncDispose>> {
  const { database, objects, duplicates } = config;
  const archive = await LocalArchive.open({
    folder: config.dataFolder,
    ...(database === undefined ? {} : { database }),
    ...(objects === undefined ? {} : { objects }),
    ...(duplicates === undefined ? {} : { duplicates }),
  });
  onClose(() => archive.close());
  if (archive.repaired !== undefined && archive.repaired.added > 0) {
    const { seen, added, unreadable } = archive.repaired;
    logger.warn(
      { seen, added, unreadable: unreadable.length },
      "objects found on disk were added to the index",
    );
  }

  const serverState = openState(archive.folder);
  onClose(() => Promise.resolve(serverState.close()));
  const associations = new AssociationRecorder();
  const receiver = new MoveReceiver(config.aeTitle);
  const peers = new PeerRegistry(config.peers, {
    store: storedPeers(serverState),
    ...(config.webPeers === undefined ? {} : { webPeers: config.webPeers }),
  });
  const sources = new PeerSources({
    receiver,
    observe: ({ address, peer }) =>
      associations.watch({
        direction: "outgoing",
        peer,
        callingAE: address.callingAeTitle,
        calledAE: address.calledAeTitle,
      }),
  });
  const face: DimseFaceOptions = {
    source: archive,
    address: config.dicom,
    aeTitle: config.aeTitle,
    receiver,
    access: {
      ...(config.allow === undefined ? {} : { allow: config.allow }),
      ...(config.users === undefined ? {} : { users: config.users }),
    },
    destination(title, callingAE) {
      const peer = peers.byAeTitle(title);
      return peer === undefined ? undefined : sources.dimse({ ...peer, callingAE });
    },
    watch: (remote) =>
      associations.watch({ direction: "incoming", ...(remote === undefined ? {} : { remote }) }),
    onUndelivered: (error) => logger.warn({ err: error }, "a storage commitment could not be reported"),
    ...(config.allowedAeTitles === undefined ? {} : { allowedAeTitles: config.allowedAeTitles }),
    ...(config.limits === undefined ? {} : { limits: config.limits }),
  };
  const listenDicom = async (options: DimseFaceOptions): Promise<ListenAddress> => {
    const listener = await serveDimse(options).catch((cause: unknown) => {
      throw listenError("DICOM", options.address, cause);
    });
    onClose(() => listener.close());
    return { host: options.address.host, port: listener.port };
  };
  const dicom = await listenDicom(face);
  const dicomTls =
    config.dicomTls === undefined
      ? undefined
      : await listenDicom({ ...face, address: config.dicomTls.address, tls: config.dicomTls.tls });

  const renderer = RenderPool.orDirect();
  onClose(() => Promise.resolve(renderer[Symbol.asyncDispose]()));
  const jobs = new JobRegistry({
    state: serverState,
    problemOf: jobProblemOf,
    ...(config.limits?.jobs === undefined ? {} : { concurrency: config.limits.jobs }),
  });
  onClose(() => jobs.close());
  const stopping = new AbortController();
  const state = { ready: false, dicom, http: config.http };
  const app = createApp({
    config,
    state,
    local: archive,
    peers,
    sources,
    jobs,
    associations,
    stopping: stopping.signal,
    logger,
    renderer,
    startedAt: new Date(),
  });
  if (config.webFolder !== undefined) addPage(app, config.webFolder);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // A study that is stored over a slow line takes longer than Node's five minutes for a request. Heads keep their limit.
  server.requestTimeout = 0;
  state.http = await listen(server, config.http);
  onClose(() => closeHttp(server));
  // Streams of events go on for ever: they are ended before their connections are waited for.
  onClose(() => Promise.resolve(stopping.abort(new Error("the server stops"))));

  await prepare?.(archive);
  state.ready = true;
  return { http: state.http, dicom, archive, ...(dicomTls === undefined ? {} : { dicomTls }) };
}

function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(listenError("HTTP", address, cause)));
    server.listen(address.port, address.host, () => {
      resolve({ host: address.host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** Requests under way get a moment to finish; then their connections are cut. */
function closeHttp(server: Server, drainMs = 3000): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), drainMs);
    // A connection becomes idle when its answer is complete; its client may keep it open for long.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function listenError(what: "HTTP" | "DICOM", address: ListenAddress, cause: unknown): ConfigError {
  const code = systemCode(cause);
  if (code === "EADDRINUSE") {
    const option = what === "HTTP" ? "--http" : "--dicom";
    const other = formatAddress({ ...address, port: address.port + 1 });
    return new ConfigError(
      "address-in-use",
      `${what} port ${address.port} on ${address.host} is in use by another program; stop it, or choose another port with ${option} ${other}.`,
      { cause },
    );
  }
  const why =
    code === "EACCES"
      ? "this user may not listen there (ports below 1024 need a privilege)"
      : (code ?? "it is not usable");
  return new ConfigError("address-unusable", `${what} cannot listen on ${formatAddress(address)}: ${why}.`, {
    cause,
  });
}

/** Follows causes: a transport wraps the socket's error in its own. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && /^E[A-Z]+$/.test(at.code)) return at.code;
  }
  return undefined;
}
