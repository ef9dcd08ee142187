/** Starts everything that `isocenter serve` runs, and stops it in order. */
import type { Server } from "node:http";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { LocalArchive, MoveReceiver } from "@isocenter/archive";
import type { Services } from "@isocenter/network";
import type { TcpServer } from "@isocenter/network/node";
import { type Logger, pino } from "pino";
import { AssociationRecorder } from "./associations/recorder.ts";
import { checkConfig, ConfigError, type ListenAddress, type ServerConfig } from "./config/config.ts";
import { RenderPool } from "./dicomweb/node/render-pool.ts";
import { byCalledTitle } from "./dimse/faces.ts";
import { type DimseFaceOptions, dimseServices, serveDimse } from "./dimse/scp.ts";
import { GatewaySources } from "./gateway/gateway-sources.ts";
import { createApp } from "./http/app.ts";
import { addPage } from "./http/page.ts";
import { jobProblemOf } from "./http/problem.ts";
import { JobRegistry } from "./jobs/jobs.ts";
import { AccessLog } from "./operations/access-log.ts";
import { noAudit, openAuditTrail } from "./operations/audit-trail.ts";
import { closeHttp, listenError, listenHttp } from "./operations/listeners.ts";
import { Metrics } from "./operations/metrics.ts";
import { keepQuota } from "./operations/quota.ts";
import { safeLog } from "./operations/safe-log.ts";
import { watchedArchive } from "./operations/watched-archive.ts";
import { together } from "./operations/watches.ts";
import { PeerSources } from "./peers/peer-sources.ts";
import { storedPeers } from "./peers/peer-store.ts";
import { PeerRegistry } from "./peers/registry.ts";
import type { BackOff } from "./routing/back-off.ts";
import { Forwarder } from "./routing/forwarder.ts";
import { ForwardQueue } from "./routing/queue.ts";
import { openState, type StateDatabase } from "./state/state-database.ts";

export interface RunningServer extends AsyncDisposable {
  /** Where it really listens: a configured port 0 is a free one. */
  readonly http: ListenAddress;
  readonly dicom: ListenAddress;
  readonly dicomTls?: ListenAddress;
  readonly archive: LocalArchive;
  /** Takes nothing new, lets what runs finish within the drain time, and closes the archive. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly logger?: Logger;
  /** Runs when the ports are taken and before `/healthz` says ready, for instance to load the demo hospital. */
  readonly prepare?: (archive: LocalArchive) => Promise<void>;
  /** Between attempts to forward. */
  readonly backOff?: BackOff;
}

const defaultDrainSeconds = 10;

/** @throws ConfigError, ArchiveError, StateError or AuditError when it cannot start; nothing is left open then */
export async function startServer(config: ServerConfig, options: StartOptions = {}): Promise<RunningServer> {
  checkConfig(config);
  const closers = new Closers();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closers.run());
  try {
    const server = await start(config, options, closers);
    return { ...server, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Started = Omit<RunningServer, "close" | typeof Symbol.asyncDispose>;

async function start(config: ServerConfig, options: StartOptions, closers: Closers): Promise<Started> {
  const logger = safeLog(options.logger ?? pino({ level: "silent" }));
  const archive = await openArchive(config, logger);
  closers.add(() => archive.close());
  const state = openState(archive.folder);
  closers.add(() => Promise.resolve(state.close()));
  const audit = await openAudit(config, archive, state, logger);
  closers.add(() => audit.close());

  const associations = new AssociationRecorder();
  const jobs = new JobRegistry({
    state,
    problemOf: jobProblemOf,
    ...(config.limits?.jobs === undefined ? {} : { concurrency: config.limits.jobs }),
    onError: (error) => logger.error({ err: error }, "a job's record could not be kept"),
    onEnd: ({ kind, state: status, problem }) =>
      logger.info({ kind, status, code: problem?.code }, "a job ended"),
  });
  const queue = new ForwardQueue(state);
  const metrics = new Metrics({
    counts: () => archive.counts(),
    jobs: () => jobs.runningCount,
    queue: () => queue.counts(),
  });
  const local = watchedArchive(archive, metrics);
  const receiver = new MoveReceiver(config.aeTitle);
  const peers = new PeerRegistry(config.peers, {
    webPeers: config.webPeers ?? [],
    store: storedPeers(state),
  });
  const sources = new PeerSources({
    receiver,
    observe: ({ address, peer }) => {
      const titles = { callingAE: address.callingAeTitle, calledAE: address.calledAeTitle };
      return together(
        associations.watch({ direction: "outgoing", peer, ...titles }),
        metrics.watch("outgoing"),
      );
    },
  });

  const gateways = new GatewaySources({
    sources,
    cache: local,
    memoryMiB: config.limits?.gatewayMiB,
  });

  const face: DimseFaceOptions = {
    source: local,
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
      together(
        associations.watch({ direction: "incoming", ...(remote === undefined ? {} : { remote }) }),
        metrics.watch("incoming"),
      ),
    audit,
    onUndelivered: (error) => logger.warn({ err: error }, "a storage commitment could not be reported"),
    onError: (error) => logger.info({ err: error }, "an association did not end in order"),
    ...(config.allowedAeTitles === undefined ? {} : { allowedAeTitles: config.allowedAeTitles }),
    ...(config.limits === undefined ? {} : { limits: config.limits }),
  };
  const listeners = await listenDicom(config, closers, withGateways(face, config, peers, gateways));

  const forwarder = new Forwarder({
    config: config.routing ?? { rules: [] },
    queue,
    local,
    destination(id, parallel) {
      const peer = peers.get(id);
      return peer === undefined ? undefined : sources.inParallel(peer, parallel);
    },
    onSent: (peer, outcome) => audit.transferred("instances-sent", { user: config.aeTitle }, outcome, peer),
    logger,
    ...(options.backOff === undefined ? {} : { backOff: options.backOff }),
  });

  const renderer = RenderPool.orDirect();
  closers.add(() => Promise.resolve(renderer[Symbol.asyncDispose]()));
  const stopping = new AbortController();
  const now = { ready: false, dicom: listeners.dicom, http: config.http };
  const app = createApp({
    config,
    state: now,
    local,
    peers,
    sources,
    gateways,
    jobs,
    associations,
    metrics,
    audit,
    forwarding: { queue, onRetry: () => forwarder.wake() },
    stopping: stopping.signal,
    logger,
    renderer,
    startedAt: new Date(),
  });
  if (config.webFolder !== undefined) addPage(app, config.webFolder);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // A study that is stored over a slow line takes longer than Node's five minutes for a request. Heads keep their limit.
  server.requestTimeout = 0;
  now.http = await listenHttp(server, config.http);
  if (config.quota !== undefined) closers.add(keepQuota(archive, config.quota, { logger, audit }));

  closers.add(() => forwarder.stop());

  const drainMs = (config.drainSeconds ?? defaultDrainSeconds) * 1000;
  closers.add(async () => {
    logger.info("stopping");
    // Whoever asks is sent elsewhere from now on; streams of events, which go on for ever, end.
    stopping.abort(new Error("the server stops"));
    await Promise.all([
      ...listeners.open.map((listener) => listener.close({ drainMs })),
      closeHttp(server, drainMs),
      jobs.drain(drainMs),
    ]);
    audit.add({ event: "server-stopped", who: { user: "isocenter" }, outcome: "success" });
  });

  await options.prepare?.(archive);
  forwarder.start();
  now.ready = true;
  audit.add({ event: "server-started", who: { user: "isocenter" }, outcome: "success" });
  logger.info({ port: now.http.port }, "ready");
  const { dicom, dicomTls } = listeners;
  return { http: now.http, dicom, archive, ...(dicomTls === undefined ? {} : { dicomTls }) };
}

/** In the reverse order of what was opened; one that fails does not keep the others from closing. */
class Closers {
  readonly #all: (() => Promise<void>)[] = [];

  add(closer: () => Promise<void>): void {
    this.#all.push(closer);
  }

  async run(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const closer of this.#all.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }
}

async function openArchive(config: ServerConfig, logger: Logger): Promise<LocalArchive> {
  const { dataFolder: folder, database, objects, duplicates } = config;
  const archive = await LocalArchive.open({
    folder,
    ...(database === undefined ? {} : { database }),
    ...(objects === undefined ? {} : { objects }),
    ...(duplicates === undefined ? {} : { duplicates }),
  });
  if (archive.repaired !== undefined && archive.repaired.added > 0) {
    const { seen, added, unreadable } = archive.repaired;
    logger.warn(
      { seen, added, unreadable: unreadable.length },
      "objects found in the storage were added to the index",
    );
  }
  return archive;
}

async function openAudit(
  config: ServerConfig,
  archive: LocalArchive,
  state: StateDatabase,
  logger: Logger,
): Promise<AccessLog> {
  if (config.audit === false) return new AccessLog(noAudit);
  const path = config.audit?.file ?? join(archive.folder, "audit.jsonl");
  const onError = (error: unknown): void => logger.error({ err: error }, "the audit trail cannot be written");
  return new AccessLog(await openAuditTrail(path, state, onError));
}

/** Beside our own title those that stand for a peer. @throws ConfigError `config-invalid` */
function withGateways(
  face: DimseFaceOptions,
  { aeTitle, aeTitles = [] }: ServerConfig,
  peers: PeerRegistry,
  gateways: GatewaySources,
): DimseFaceOptions {
  if (aeTitles.length === 0) return face;
  const { receiver: _receiver, ...common } = face;
  const faces = new Map<string, Services>();
  for (const { aeTitle: title, peer: id } of aeTitles) {
    const peer = peers.get(id);
    if (peer === undefined || title === aeTitle || faces.has(title)) {
      const why = peer === undefined ? `there is no peer "${id}"` : "it is used already";
      throw new ConfigError("config-invalid", `The AE title ${title} cannot stand for a peer: ${why}.`);
    }
    faces.set(title, dimseServices({ ...common, source: gateways.of(peer) }));
  }
  const services = byCalledTitle(faces, dimseServices(face));
  return { ...face, services, aeTitle: [aeTitle, ...faces.keys()] };
}

async function listenDicom(
  config: ServerConfig,
  closers: Closers,
  face: DimseFaceOptions,
): Promise<{ readonly dicom: ListenAddress; readonly dicomTls?: ListenAddress; readonly open: TcpServer[] }> {
  const open: TcpServer[] = [];
  const listen = async (options: DimseFaceOptions): Promise<ListenAddress> => {
    const listener = await serveDimse(options).catch((cause: unknown) => {
      throw listenError("DICOM", options.address, cause);
    });
    closers.add(() => listener.close({ drainMs: 0 }));
    open.push(listener);
    return { host: options.address.host, port: listener.port };
  };
  const dicom = await listen(face);
  if (config.dicomTls === undefined) return { dicom, open };
  const { address, tls } = config.dicomTls;
  return { dicom, dicomTls: await listen({ ...face, address, tls }), open };
}
