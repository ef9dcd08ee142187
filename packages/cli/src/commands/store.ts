/** `isocenter store`: C-STORE files and folders. */
import { stat } from "node:fs/promises";
import { walkFiles } from "@isocenter/archive/files";
import { IsocenterError } from "@isocenter/dicom";
import { type SendOutcome, sendInstances, Status } from "@isocenter/network";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode, type Io } from "../command.ts";
import { filesToSend } from "../network/files-to-send.ts";
import { peerOptions, syntaxOption, syntaxPreferences } from "../network/options.ts";
import { Session } from "../network/session.ts";
import { sendToWeb } from "../network/send-to-web.ts";
import { type WebSession, webOptions, webSession } from "../network/web-session.ts";
import { type InstanceOfFile, reencoded, transcodeInstance } from "@isocenter/archive/transcode";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  parallel: { names: ["--parallel"], value: "N", help: "Associations at a time, 1 to 64 (default 1)." },
  window: {
    names: ["--window"],
    value: "N",
    help: "Instances under way on an association, where the peer agrees to it (default 1).",
  },
  halt: { names: ["--halt"], help: "Stop at the first instance that fails; what is under way is finished." },
  noRetry: { names: ["--no-retry"], help: "Do not try failed instances a second time." },
  scanDirectories: {
    names: ["+sd", "+r", "--scan-directories", "--recurse"],
    help: "For DCMTK's users: folders are always walked.",
  },
  json: { names: ["--json"], help: "One line of JSON per instance." },
  syntax: {
    ...syntaxOption,
    help: "Send what is in none of these in the first of them (default: as stored); uncompressed where the peer refuses.",
  },
  ...peerOptions,
  ...webOptions,
} as const satisfies OptionSpecs;

export const store: Command = {
  name: "store",
  summary: "Send DICOM files or whole folders to a DICOM peer (C-STORE).",
  usage: "PEER FILE|FOLDER… [options]",
  description: `Folders are walked; files in them that are not DICOM are skipped and counted. What the peer does not take in
the stored transfer syntax is sent uncompressed. Instances that fail are tried once more at the end.`,
  options,
  examples: [
    { line: "isocenter store 127.0.0.1:11112 -aec ISOCENTER image.dcm", explains: "one file" },
    {
      line: "isocenter store pacs.example.org:104 -aet SCANNER1 -aec PACS ./export --parallel 4",
      explains: "everything below a folder, over four associations",
    },
    {
      line: "isocenter store dicomweb:http://127.0.0.1:8104/dicom-web ./export",
      explains: "the same to a DICOMweb service",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    const web = await webSession(io, options, given, operands, ["parallel", "window"]);
    const session = web ?? (await Session.open(io, given, operands));
    if (session.rest.length === 0) throw new UsageError("Name the files or folders to send.");
    const work = new Sending(session, io, {
      parallel: count("--parallel", given.parallel, 64),
      window: count("--window", given.window, 16),
      halt: given.halt,
      retry: !given.noRetry,
      asJson: given.json,
      tellEach: given.verbose || given.debug,
      syntaxes: syntaxPreferences(given.syntax),
    });
    return work.run();
  },
};

interface SendingOptions {
  readonly parallel: number;
  readonly window: number;
  readonly halt: boolean;
  readonly retry: boolean;
  readonly asJson: boolean;
  readonly tellEach: boolean;
  readonly syntaxes: readonly string[];
}

class Sending {
  readonly #session: Session | WebSession;
  readonly #io: Io;
  readonly #options: SendingOptions;
  readonly #tally = { stored: 0, warnings: 0, failed: 0, skipped: 0 };
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  #bytes = 0;

  constructor(session: Session | WebSession, io: Io, options: SendingOptions) {
    this.#session = session;
    this.#io = io;
    this.#options = options;
    this.#progress = new Progress(io.stderr, "sent");
  }

  async run(): Promise<number> {
    const { stopping, rest } = this.#session;
    const stop = (): void => this.#stop.abort();
    if (stopping.aborted) stop();
    stopping.addEventListener("abort", stop);
    if (this.#io.stderr.isTTY === true) void this.#countAhead();
    const again: SendOutcome[] = [];
    try {
      for await (const outcome of this.#send(this.#files(rest))) {
        if (outcome.kind === "failed" && this.#options.retry && mayHelp(outcome)) again.push(outcome);
        else this.#tell(outcome);
        if (outcome.kind === "failed" && this.#options.halt) stop();
      }
      if (again.length > 0) await this.#retry(again);
    } catch (error) {
      // What was counted so far is worth knowing when the peer goes away.
      if (!(error instanceof IsocenterError) || this.#total() + again.length === 0) throw error;
      for (const outcome of again) this.#tell(outcome);
      this.#summarise();
      throw error;
    } finally {
      stopping.removeEventListener("abort", stop);
      this.#progress.clear();
    }
    this.#summarise();
    stopping.throwIfAborted();
    if (this.#total() === 0) this.#io.stderr.write("No DICOM file was found.\n");
    return this.#tally.failed === 0 && this.#total() > 0 ? ExitCode.Success : ExitCode.Failure;
  }

  async #retry(failed: readonly SendOutcome[]): Promise<void> {
    if (this.#stop.signal.aborted) {
      for (const outcome of failed) this.#tell(outcome);
      return;
    }
    const left = new Map(failed.map((outcome) => [outcome.instance, outcome]));
    try {
      for await (const outcome of this.#send([...left.keys()])) {
        left.delete(outcome.instance);
        this.#tell(outcome);
      }
    } finally {
      for (const outcome of left.values()) this.#tell(outcome);
    }
  }

  #send(
    instances: AsyncIterable<InstanceOfFile> | Iterable<SendOutcome["instance"]>,
  ): AsyncGenerator<SendOutcome> {
    const { parallel, window } = this.#options;
    const session = this.#session;
    if (!(session instanceof Session)) return sendToWeb(session, instances, this.#stop.signal);
    const connect = session.forStorage(
      window === 1 ? {} : { asynchronousOperations: { invoked: window, performed: 1 } },
    );
    return sendInstances(connect, instances, {
      parallel,
      stop: this.#stop.signal,
      transcode: transcodeInstance,
    });
  }

  async *#files(paths: readonly string[]): AsyncGenerator<InstanceOfFile> {
    const { syntaxes } = this.#options;
    const files = filesToSend({
      paths,
      onSkipped: () => void this.#tally.skipped++,
      onUnreadable: (path, error) => this.#unreadable(path, error),
    });
    const [wanted] = syntaxes;
    for await (const file of files) {
      const isWanted = wanted === undefined || syntaxes.includes(file.transferSyntaxUid);
      yield isWanted ? file : reencoded(file, wanted);
    }
  }

  #unreadable(path: string, error: unknown): void {
    this.#tally.failed++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#line({ kind: "failed", path, reason }, `${path}: ${reason}`);
    if (this.#options.halt) this.#stop.abort();
  }

  #tell({ kind, instance, status, reason }: SendOutcome): void {
    if (kind === "stored") this.#tally.stored++;
    else if (kind === "warning") this.#tally.warnings++;
    else this.#tally.failed++;
    const { sopClassUid, sopInstanceUid } = instance;
    const { path, size = 0 } = instance as Partial<InstanceOfFile>;
    if (kind !== "failed") this.#bytes += size;
    const code = status.toString(16).toUpperCase().padStart(4, "0");
    this.#line(
      { kind, path, sopClassUid, sopInstanceUid, status: code, ...(reason === undefined ? {} : { reason }) },
      kind === "stored" && !this.#options.tellEach
        ? undefined
        : `${path ?? sopInstanceUid}: ${code}H ${reason ?? "stored"}`,
    );
    this.#progress.count(this.#total(), this.#bytes);
  }

  #line(json: object, text: string | undefined): void {
    if (this.#options.asJson) this.#io.stdout.write(`${JSON.stringify(json)}\n`);
    else if (text !== undefined) {
      this.#progress.clear();
      this.#io.stderr.write(`${printable(text)}\n`);
    }
  }

  #total(): number {
    const { stored, warnings, failed } = this.#tally;
    return stored + warnings + failed;
  }

  /** How many files there are, for the bar: counted beside the sending, which does not wait for it. */
  async #countAhead(): Promise<void> {
    let total = 0;
    try {
      for await (const path of walkFiles(this.#session.rest)) {
        if (this.#stop.signal.aborted) return;
        total++;
        if (this.#session.rest.includes(path)) await stat(path);
      }
      this.#progress.expect(total);
    } catch {
      // The sending itself tells of files that cannot be read; the bar then has no end.
    }
  }

  #summarise(): void {
    this.#progress.clear();
    if (this.#options.asJson) return;
    const { stored, warnings, failed, skipped } = this.#tally;
    const parts = [`${stored} stored`];
    if (warnings > 0) parts.push(`${warnings} with warnings`);
    if (failed > 0) parts.push(`${failed} failed`);
    if (skipped > 0) parts.push(`${skipped} not DICOM, skipped`);
    this.#io.stdout.write(`${parts.join(", ")}\n`);
  }
}

/** A peer that refuses the class will refuse it again; one that was busy or gone may have come back. */
function mayHelp({ status }: SendOutcome): boolean {
  return (
    status !== Status.SopClassNotSupported && (status & 0xf000) !== 0xc000 && (status & 0xff00) !== 0xa900
  );
}

function count(name: string, text: string | undefined, maximum: number): number {
  return text === undefined ? 1 : integerOption(name, text, 1, maximum);
}
