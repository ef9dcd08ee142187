/** `isocenter serve`: the archive, its DICOM and HTTP listeners and the workstation in one process. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadConfig, type RunningServer, startServer } from "@isocenter/server";
import { defaultConfig, formatAddress } from "@isocenter/server/config";
import { pino } from "pino";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { loadDemo } from "../demo.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  config: {
    names: ["--config"],
    value: "FILE",
    help: "Configuration (default ./isocenter.json, when it is there); docs/manual/configuration.md tells what it takes.",
  },
  data: {
    names: ["--data"],
    value: "DIR",
    help: `Folder of the archive (default ${defaultConfig.dataFolder}).`,
  },
  http: {
    names: ["--http"],
    value: "HOST:PORT",
    help: `Workstation and HTTP API (default ${formatAddress(defaultConfig.http)}).`,
  },
  dicom: {
    names: ["--dicom"],
    value: "HOST:PORT",
    help: `DICOM listener (default ${formatAddress(defaultConfig.dicom)}).`,
  },
  database: {
    names: ["--database"],
    value: "URL",
    help: "Index in PostgreSQL, postgres://USER@HOST/DATABASE, instead of SQLite in the folder.",
  },
  objects: {
    names: ["--objects"],
    value: "URL",
    help: "Objects in S3, s3://BUCKET/PREFIX?endpoint=URL&region=NAME, instead of the folder.",
  },
  aet: { names: ["--aet"], value: "NAME", help: `Our AE title (default ${defaultConfig.aeTitle}).` },
  allow: {
    names: ["--allow-aet"],
    value: "NAME",
    repeatable: true,
    help: "Only this calling AE title may connect. Needed when DICOM is not on loopback.",
  },
  demo: { names: ["--demo"], help: "Load the demo hospital into an empty archive." },
  logLevel: {
    names: ["--log-level"],
    value: "LEVEL",
    help: "fatal, error, warn (default), info or debug; logs go to standard error.",
  },
} as const satisfies OptionSpecs;

const logLevels = ["fatal", "error", "warn", "info", "debug"];

export const serve: Command = {
  name: "serve",
  summary: "Run an archive with its DICOM listener, HTTP API and web workstation.",
  usage: "[options]",
  description: `Both listeners are on loopback and need no login there. To be reached from other machines, HTTP needs a token in
ISOCENTER_TOKEN or ISOCENTER_TOKEN_FILE, and DICOM needs --allow-aet.

Options come before the environment (ISOCENTER_HTTP, ISOCENTER_DICOM, ISOCENTER_DATA, ISOCENTER_DATABASE, ISOCENTER_OBJECTS,
ISOCENTER_AE_TITLE), and that before the configuration file.`,
  options,
  examples: [
    { line: "isocenter serve --demo", explains: "try it, with real images" },
    {
      line: "isocenter serve --data /srv/images --dicom 127.0.0.1:104 --aet ARCHIVE",
      explains: "an archive of your own",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length > 0) throw new UsageError(`What is "${operands.join(" ")}"?`);
    const config = loadConfig(
      {
        config: given.config,
        data: given.data,
        http: given.http,
        dicom: given.dicom,
        aeTitle: given.aet,
        database: given.database,
        objects: given.objects,
        allow: given.allow,
      },
      io.env,
    );
    const logLevel = given.logLevel ?? config.logLevel ?? "warn";
    if (!logLevels.includes(logLevel))
      throw new UsageError(`"${logLevel}" is not a log level: use ${logLevels.join(", ")}.`);
    const webFolder = builtWorkstation();
    const server = await startServer(
      { ...config, demo: given.demo, ...(webFolder === undefined ? {} : { webFolder }) },
      {
        logger: pino({ level: logLevel }, pino.destination(2)),
        prepare: async (archive) => {
          if (given.demo) await loadDemo(archive, io);
        },
      },
    );
    await announce(server, config.aeTitle, io);
    await new Promise<void>((stop) => {
      if (io.signal.aborted) stop();
      io.signal.addEventListener("abort", () => stop(), { once: true });
    });
    await server.close();
    return ExitCode.Success;
  },
};

async function announce(server: RunningServer, aeTitle: string, io: Io): Promise<void> {
  const { patients, studies, instances } = await server.archive.counts();
  const dicom = formatAddress(server.dicom);
  io.stdout.write(`
  Isocenter is running.

  Workstation   http://${formatAddress(server.http)}
  DICOM         AE title ${aeTitle} on ${dicom}
  Data          ${server.archive.folder}
  Holds         ${patients} patients, ${studies} studies, ${instances} instances

  Try next
    open        http://${formatAddress(server.http)}  in a browser
    verify      npx isocenter echo ${dicom} -aec ${aeTitle}
    query       npx isocenter find ${dicom} -aec ${aeTitle} -k "PatientName=L*"
    send        npx isocenter store ${dicom} -aec ${aeTitle} FOLDER
    HTTP API    http://${formatAddress(server.http)}/api/openapi.json

  Ctrl+C stops it; the data stays.

`);
}

/** The page that `npm run build` made; a server without it still has its API. */
function builtWorkstation(): string | undefined {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("@isocenter/web/package.json")), "dist");
  return existsSync(join(folder, "index.html")) ? folder : undefined;
}
