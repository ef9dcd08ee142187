/** The doctor against scripted acceptors in memory: each kind of peer, and that nothing is changed at any. */
import { DataSet } from "@isocenter/dicom";
import { describe, expect, it, vi } from "vitest";
import { type AcceptorOptions, serveAssociation } from "../acceptor.ts";
import { type AssociateOptions, type Association, associateOver } from "../association.ts";
import { Status } from "../dimse/status.ts";
import { NetworkError } from "../errors.ts";
import { memoryPair } from "../memory/index.ts";
import {
  ModalityWorklistFind,
  PatientRootFind,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
} from "../services/models.ts";
import type { Services, StoreHandler } from "../services/types.ts";
import { instances } from "../test/pair.ts";
import type { Transport } from "../transport.ts";
import { examine } from "./examine.ts";
import { administratorText, findingsOf, verdictOf } from "./findings.ts";
import { renderReport } from "./render.ts";
import type { DoctorEnvironment, DoctorOptions, DoctorReport, Facts } from "./types.ts";

const host = "pacs.example.org";
const base: DoctorOptions = { host, port: 104, callingAeTitle: "WS1", calledAeTitle: "PACS", probeMs: 2000 };

/** A peer that accepts over memory. */
const peer = (options: Partial<AcceptorOptions>): DoctorEnvironment => ({
  connect: (wanted) => {
    const [ours, theirs] = memoryPair();
    serveAssociation(theirs, { aeTitle: "PACS", services: {}, ...options });
    return associateOver(ours, wanted);
  },
});

/** A peer that does what the script says with its end of the connection. */
const scripted = (script: (transport: Transport) => void): DoctorEnvironment => ({
  connect: (wanted) => {
    const [ours, theirs] = memoryPair();
    script(theirs);
    return associateOver(ours, wanted);
  },
});

const patientName = "Roe^Richard";
const wholePacs = (onStore: StoreHandler): Services => ({
  verification: true,
  storage: { sopClasses: "any", onStore },
  query: {
    models: [PatientRootFind, StudyRootFind, ModalityWorklistFind],
    extended: { relational: true, fuzzy: true },
    async *onFind(identifier) {
      await Promise.resolve();
      // The query for recent studies, not the one for a name that nobody has.
      if (identifier.string("PatientName") !== undefined) return;
      yield DataSet.of({
        SpecificCharacterSet: "ISO_IR 100",
        PatientName: patientName,
        StudyInstanceUID: "1.2.3",
        SOPClassesInStudy: "1.2.840.10008.5.1.4.1.1.2",
      });
    },
  },
  retrieve: {
    models: [StudyRootGet, StudyRootMove],
    onRetrieve: () => Promise.resolve({ instances: [] }),
    destination: (title) =>
      title === "WS1" ? { connect: () => Promise.reject(new Error("nothing is sent")) } : undefined,
  },
});

const codes = ({ findings }: DoctorReport, kind?: string): string[] =>
  findings.filter((finding) => kind === undefined || finding.kind === kind).map(({ code }) => code);

describe("a PACS that does everything", () => {
  it("works, and each service is named", async () => {
    const onStore = vi.fn<StoreHandler>(() => Promise.resolve(Status.Success));
    const report = await examine(peer({ services: wholePacs(onStore) }), base);
    expect(report.verdict).toBe("works");
    expect(codes(report, "problem")).toEqual([]);
    expect(codes(report, "works")).toEqual(
      expect.arrayContaining([
        "associated",
        "echo",
        "services",
        "query",
        "charset",
        "worklist",
        "get",
        "move",
        "storage",
      ]),
    );
    expect(report.facts.limits).toEqual({
      window: { invoked: 16, performed: 16 },
      relational: true,
      fuzzy: true,
    });
    expect(report.facts.get).toEqual({ ok: true, role: "answered" });
    expect(report.facts.query).toEqual({
      ok: true,
      sawMatch: true,
      characterSet: "ISO_IR 100",
      tellsSopClasses: true,
    });
    expect(report.administratorText).toBeUndefined();
    expect(report.probes.map(({ outcome }) => outcome)).not.toContain("failed");
    expect(onStore).not.toHaveBeenCalled();
  });

  it("leaves no value of a match in the report", async () => {
    const report = await examine(peer({ services: wholePacs(() => Promise.resolve(0)) }), base);
    expect(JSON.stringify(report)).not.toMatch(/Roe|1\.2\.3"/);
    expect(renderReport(report, { withProbes: true })).not.toContain("Roe");
  });

  it("gets the test instance once, when that was asked for", async () => {
    const stored: string[] = [];
    const services = wholePacs(async (bytes, { affectedSopInstanceUid }) => {
      for await (const _ of bytes) void _;
      stored.push(affectedSopInstanceUid);
      return Status.Success;
    });
    const [storeTest] = instances(1);
    const report = await examine(peer({ services }), {
      ...base,
      ...(storeTest === undefined ? {} : { storeTest }),
    });
    expect(stored).toEqual(["1.2.3.1"]);
    expect(report.facts.store).toEqual({ ok: true });
  });

  it("is not offered the window by anyone who would drop the connection for it", async () => {
    const strict = peer({
      services: wholePacs(() => Promise.resolve(0)),
      authorize: ({ userInformation }) => userInformation.asynchronousOperations === undefined,
    });
    const report = await examine(strict, base);
    expect(report.facts.limits).toEqual({ refusedItems: true });
    expect(codes(report, "note")).toContain("items-refused");
    expect(report.verdict).toBe("works");
  });
});

describe("AE titles", () => {
  it("finds the writing that the peer goes by, and examines on with it", async () => {
    const services = wholePacs(() => Promise.resolve(0));
    const report = await examine(peer({ services }), { ...base, calledAeTitle: "pacs" });
    expect(report.facts.calledAeTitle).toBe("PACS");
    expect(codes(report, "problem")).toEqual(["title-writing"]);
    expect(report.findings[0]?.advice).toBe("Use -aec PACS -aet WS1.");
    expect(codes(report, "works")).toContain("get");
    // The user mends it without the administrator.
    expect(report.administratorText).toBeUndefined();
  });

  it("tries the host's name when no title is known", async () => {
    const { calledAeTitle: _, ...unknown } = base;
    const report = await examine(peer({ services: { verification: true } }), unknown);
    expect(report.facts.calledAeTitle).toBe("PACS");
  });

  it("tells an unknown caller from an unknown title, and asks for the right thing", async () => {
    const stranger = peer({
      services: { verification: true },
      authorize: ({ callingAeTitle }) => callingAeTitle === "KNOWN",
    });
    const report = await examine(stranger, base);
    expect(report.verdict).toBe("refused");
    expect(codes(report)).toEqual(["calling-unknown"]);
    expect(report.administratorText).toMatch(/our AE title {2}WS1/);
    expect(report.administratorText).toMatch(/in the list of known AE titles/);
    const elsewhere = await examine(peer({ aeTitle: "OTHER" }), base);
    expect(codes(elsewhere)).toEqual(["called-unknown"]);
  });

  it("notes a peer that lets in everybody, and one that does not", async () => {
    const open = await examine(peer({ services: { verification: true } }), base);
    expect(open.facts).toMatchObject({ checksCalled: true, checksCalling: false });
    expect(codes(open, "note")).toContain("calling-not-checked");
    const strict = peer({
      services: { verification: true },
      authorize: ({ callingAeTitle }) => callingAeTitle === "WS1",
    });
    expect((await examine(strict, base)).facts).toMatchObject({ checksCalled: true, checksCalling: true });
  });
});

describe("what is no DICOM, or says nothing", () => {
  const silent = scripted((transport) =>
    transport.start({ onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }),
  );
  const closing = scripted((transport) =>
    transport.start({ onData: () => transport.close(), onDrain: () => undefined, onClose: () => undefined }),
  );

  it.each([
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
  ])("names %s from its greeting", async (name, greeting) => {
    const answering = scripted((transport) =>
      transport.start({
        onData: () => void transport.write([new TextEncoder().encode(greeting)]),
        onDrain: () => undefined,
        onClose: () => undefined,
      }),
    );
    const report = await examine(answering, base);
    expect(report.verdict).toBe("unreachable");
    expect(codes(report)).toEqual(["wrong-protocol"]);
    expect(report.findings[0]?.text).toContain(name);
  });

  it("names a service that waits for a line of text", async () => {
    const tryText = () => Promise.resolve(new TextEncoder().encode("HTTP/1.0 501 Unsupported method"));
    const report = await examine({ ...silent, tryText }, { ...base, probeMs: 50 });
    expect(codes(report)).toEqual(["wrong-protocol"]);
  });

  it("says that the peer is silent, within the time for a probe", async () => {
    const report = await examine(silent, { ...base, probeMs: 50 });
    expect(codes(report)).toEqual(["silent"]);
    expect(report.ms).toBeLessThan(2000);
  });

  it("names TLS when a port that hangs up answers a handshake", async () => {
    const tryTls = () => Promise.resolve({ speaksTls: true, protocol: "TLSv1.3", subject: "pacs" });
    const report = await examine({ ...closing, tryTls }, base);
    expect(codes(report)).toEqual(["tls-needed"]);
    expect(report.findings[0]?.text).toContain("TLSv1.3");
  });

  it.each([
    ["wrong-protocol", "no-tls"],
    ["tls-failed", "tls-failed"],
    ["certificate-untrusted", "certificate-untrusted"],
    ["certificate-expired", "certificate-expired"],
    ["certificate-name-mismatch", "certificate-name-mismatch"],
    ["client-certificate-required", "client-certificate-required"],
  ] as const)("with TLS: %s is the finding %s, with advice", async (code, finding) => {
    const connect = () => Promise.reject(new NetworkError(code, "In words."));
    const report = await examine({ connect }, { ...base, usesTls: true });
    expect(codes(report)).toEqual([finding]);
    expect(report.findings[0]).toMatchObject({ text: "In words.", advice: expect.any(String) });
    expect(report.verdict).toBe("unreachable");
  });

  it("suspects titles, addresses and TLS when the peer hangs up without a reason", async () => {
    const report = await examine(closing, base);
    expect(report.verdict).toBe("refused");
    expect(codes(report)).toEqual(["closed-silently"]);
    expect(report.administratorText).toMatch(/may connect, and whether this port needs TLS/);
  });

  it.each(["connection-refused", "host-not-found", "connect-timeout", "host-unreachable"] as const)(
    "tells %s with what it means",
    async (code) => {
      const connect = (): Promise<Association> => Promise.reject(new NetworkError(code, "It is so."));
      const report = await examine({ connect }, base);
      expect(report.verdict).toBe("unreachable");
      expect(codes(report)).toEqual([code]);
      expect(report.findings[0]?.advice).toBeDefined();
    },
  );
});

describe("a PACS that refuses", () => {
  it("queries, by the status it answers", async () => {
    const services: Services = {
      verification: true,
      query: {
        models: [StudyRootFind],
        // oxlint-disable-next-line require-yield -- it refuses
        async *onFind() {
          await Promise.resolve();
          throw new Error("no right to query");
        },
      },
    };
    const report = await examine(peer({ services }), base);
    expect(report.verdict).toBe("limited");
    expect(codes(report, "problem")).toEqual(expect.arrayContaining(["query-failed", "no-retrieve"]));
  });

  it("us as a move destination, and the administrator is asked for the entry", async () => {
    const services = wholePacs(() => Promise.resolve(0));
    const moving: Services = { ...services, retrieve: { ...services.retrieve!, models: [StudyRootMove] } };
    const report = await examine(peer({ services: moving }), { ...base, callingAeTitle: "WS2" });
    expect(codes(report, "problem")).toEqual(["move-destination-unknown"]);
    expect(report.administratorText).toMatch(/known as a move destination/);
  });
});

describe("time", () => {
  it("skips what is left when all the time is used, and reports what there is", async () => {
    let now = 0;
    const clock = {
      now: () => now,
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
      clearTimeout: (handle: unknown) => clearTimeout(handle as ReturnType<typeof setTimeout>),
    };
    const environment = peer({ services: { verification: true } });
    const report = await examine(
      { ...environment, clock },
      {
        ...base,
        totalMs: 1000,
        onProgress: ({ name }) => {
          if (name === "echo") now = 5000;
        },
      },
    );
    expect(report.probes.find(({ name }) => name === "services")?.outcome).toBe("skipped");
    expect(codes(report)).toContain("associated");
  });

  it("ends with the caller's reason", async () => {
    const stop = new AbortController();
    const environment: DoctorEnvironment = {
      connect: (wanted: AssociateOptions) =>
        new Promise((_, reject) => {
          wanted.signal?.addEventListener("abort", () => reject(wanted.signal?.reason as Error));
          stop.abort(new Error("enough"));
        }),
    };
    await expect(examine(environment, { ...base, signal: stop.signal })).rejects.toThrow("enough");
  });

  it("tells each probe before it runs, in the order of the plan", async () => {
    const told: string[] = [];
    await examine(peer({ services: { verification: true } }), {
      ...base,
      onProgress: ({ name }) => void told.push(name),
    });
    expect(told.slice(0, 4)).toEqual(["reach", "strictness", "echo", "services"]);
  });
});

describe("findings", () => {
  const open: Facts = {
    reach: { outcome: "associated", ms: 5 },
    callingAeTitle: "WS1",
    calledAeTitle: "PACS",
  };
  const echo = { count: 10, firstMs: 41, medianMs: 41, bestMs: 40, associationMs: 2, looksDelayed: true };

  it("name answers that are held back", () => {
    expect(findingsOf({ ...open, echo }, base).map(({ code }) => code)).toContain("delayed-answers");
    expect(
      findingsOf({ ...open, echo: { ...echo, looksDelayed: false } }, base).map(({ code }) => code),
    ).not.toContain("delayed-answers");
  });

  it("a role that is not answered is a note, a refused one a problem", () => {
    const withRole = (role: "not-answered" | "refused") =>
      findingsOf({ ...open, echo, get: { ok: true, role } }, base);
    expect(withRole("not-answered").find(({ code }) => code === "role-not-answered")?.kind).toBe("note");
    expect(verdictOf(open, withRole("refused"))).toBe("limited");
  });

  it("small PDUs are noted", () => {
    expect(findingsOf({ ...open, echo, maximumPduLength: 4096 }, base).map(({ code }) => code)).toContain(
      "small-pdu",
    );
    expect(findingsOf({ ...open, echo, maximumPduLength: 0 }, base).map(({ code }) => code)).not.toContain(
      "small-pdu",
    );
  });

  it("a silent peer has the administrator asked about TLS", () => {
    const failing: Facts = { reach: { outcome: "silent", ms: 1 } };
    const text = administratorText(failing, base, findingsOf(failing, base));
    expect(text).toMatch(/whether it needs TLS/);
  });
});

it("a report is wrapped to the width, with its indents", () => {
  const report: DoctorReport = {
    host,
    port: 104,
    startedAt: "2024-01-01T00:00:00.000Z",
    ms: 1,
    verdict: "limited",
    facts: {},
    probes: [],
    findings: [
      { kind: "problem", code: "x", text: "word ".repeat(30).trim(), means: "it means", advice: "try this" },
    ],
    administratorText: `Dear\n\n  - ${"long ".repeat(20).trim()}`,
  };
  const lines = renderReport(report, { width: 60 }).split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(lines).toContain("      → try this");
  expect(lines.filter((line) => line.startsWith("      ") && line.includes("long"))).not.toHaveLength(0);
});
