/** The matrix with DCMTK 3.6.7: each service in each role, with its sockets stock and without delay. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DimsePeer, MoveReceiver } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import {
  ModalityWorklistFind,
  NoAcceptedContextError,
  PatientRootFind,
  StudyRootFind,
  StudyRootMove,
  Verification,
  worklistKeys,
} from "@isocenter/network";
import { listenTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { hasProgram, type Result, run, temporaryFolder } from "../support/processes.ts";
import { type DicomServer, startDcmqrscp, startStorescp } from "../support/servers.ts";
import {
  collect,
  context,
  demoFiles,
  type OurServer,
  sendFiles,
  startOurServer,
  withAssociation,
} from "./ours.ts";
import { cell, printMatrix } from "./table.ts";
import { wlmscpfs } from "./worklist-peer.ts";

const study = "DEMO-0004";

describe.skipIf(!hasProgram("storescp"))("matrix with DCMTK", () => {
  afterAll(() => printMatrix("DCMTK"));

  describe.each([
    ["DCMTK, stock sockets", {}],
    ["DCMTK, TCP_NODELAY=1", { TCP_NODELAY: "1" }],
  ] as const)("%s", (name, env: Readonly<Record<string, string>>) => {
    let folder: { path: string; remove(): Promise<void> };
    let ours: OurServer;
    let files: string[];
    let studyUid: string;
    let store: DicomServer;
    let qr: DicomServer;
    let worklist: DicomServer;
    const started: DicomServer[] = [];
    const dcmtk = (program: string, ...args: string[]): Promise<Result> => run(program, args, env);
    const toUs = (): string[] => ["-aec", "ISOCENTER", "127.0.0.1", String(ours.port)];
    const received = async (kind: string): Promise<string[]> => {
      const path = join(folder.path, kind);
      await mkdir(path, { recursive: true });
      return readdir(path);
    };

    beforeAll(async () => {
      folder = await temporaryFolder();
      files = await demoFiles(study);
      ours = await startOurServer(join(folder.path, "ours"), () => [
        { host: "127.0.0.1", port: store.port, callingAeTitle: "ISOCENTER", calledAeTitle: "STORESCP" },
      ]);
      store = await startStorescp(join(folder.path, "storescp"), env);
      qr = await startDcmqrscp(join(folder.path, "qr"), env, [ours, store]);
      worklist = await wlmscpfs(join(folder.path, "wlm"), env);
      started.push(store, qr, worklist);
      const outcomes = await sendFiles(ours, files);
      expect(outcomes.map(({ kind }) => kind)).not.toContain("failed");
      const [found] = await collect(
        ours.archive.find({ level: "STUDY", keys: DataSet.of({ StudyInstanceUID: "" }) }),
      );
      studyUid = found?.string("StudyInstanceUID") ?? "";
    });
    afterAll(async () => {
      for (const peer of started) await peer.stop();
      await ours[Symbol.asyncDispose]();
      await folder.remove();
    });

    // Ourselves as SCU

    for (const server of ["storescp", "dcmqrscp", "wlmscpfs"] as const) {
      cell(name, `C-ECHO with ${server}`, "SCU", async () => {
        const target = { storescp: store, dcmqrscp: qr, wlmscpfs: worklist }[server];
        const { status } = await withAssociation(target, [context(Verification)], (one) => one.echo());
        expect(status.code).toBe(0);
      });
    }

    cell(name, "C-STORE to storescp, as they are", "SCU", async () => {
      const outcomes = await sendFiles(store, files, { parallel: 4 });
      expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(files.length);
      expect(await received("storescp")).toHaveLength(files.length);
      return `${files.length} instances`;
    });

    cell(name, "C-STORE to storescp that takes only Implicit VR", "SCU", async () => {
      const path = join(folder.path, "implicit");
      const plain = await startStorescp(path, env, ["+xi"]);
      try {
        const outcomes = await sendFiles(plain, files.slice(0, 4));
        expect(outcomes.map(({ kind, reason }) => [kind, reason])).toEqual(
          outcomes.map(() => ["stored", undefined]),
        );
        for (const file of await readdir(path)) {
          const { stdout } = await run("dcmdump", ["+P", "0002,0010", join(path, file)]);
          expect(stdout).toContain("LittleEndianImplicit");
        }
        return `${outcomes.length} re-encoded`;
      } finally {
        await plain.stop();
      }
    });

    cell(name, "C-STORE to dcmqrscp", "SCU", async () => {
      const outcomes = await sendFiles(qr, files);
      expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(files.length);
      return `${files.length} instances`;
    });

    for (const model of [StudyRootFind, PatientRootFind]) {
      cell(name, `${model.name} with dcmqrscp`, "SCU", async () => {
        const keys = { QueryRetrieveLevel: "STUDY", PatientID: study, StudyInstanceUID: "" };
        const matches = await withAssociation(qr, [context(model)], (one) => collect(one.find(model, keys)));
        expect(matches.map((match) => match.string("StudyInstanceUID"))).toEqual([studyUid]);
        return "1 match";
      });
    }

    cell(name, "C-CANCEL of a C-FIND with dcmqrscp", "SCU", async () => {
      await withAssociation(qr, [context(StudyRootFind), context(Verification)], async (one) => {
        const keys = {
          QueryRetrieveLevel: "IMAGE",
          StudyInstanceUID: studyUid,
          SeriesInstanceUID: "",
          SOPInstanceUID: "",
        };
        for await (const _ of one.find(StudyRootFind, keys)) break;
        expect((await one.echo()).status.code).toBe(0);
      });
    });

    cell(name, "C-GET from dcmqrscp", "SCU", async () => {
      const peer = new DimsePeer(address(qr), { retrieve: "get" });
      const instances = await collect(peer.retrieve({ studyInstanceUid: studyUid }));
      expect(instances).toHaveLength(files.length);
      return `${instances.length} instances`;
    });

    cell(name, "C-MOVE from dcmqrscp to a third, storescp", "SCU", async () => {
      await rm(join(folder.path, "storescp"), { recursive: true });
      await mkdir(join(folder.path, "storescp"));
      const result = await withAssociation(qr, [context(StudyRootMove)], (one) =>
        one.move(
          StudyRootMove,
          { QueryRetrieveLevel: "STUDY", StudyInstanceUID: studyUid },
          { destination: "STORESCP" },
        ),
      );
      expect(result).toMatchObject({ completed: files.length, failed: 0 });
      expect(await received("storescp")).toHaveLength(files.length);
      return `${result.completed ?? 0} instances`;
    });

    cell(name, "C-MOVE from dcmqrscp to ourselves", "SCU", async () => {
      const receiver = new MoveReceiver("ISOMOVE");
      const listener = await listenTcp(0, {
        aeTitle: "ISOMOVE",
        services: {
          storage: {
            sopClasses: "any",
            onStore: async (bytes, request) => (await receiver.offer(bytes, request)) ?? 0x0110,
          },
        },
      });
      const other = await startDcmqrscp(join(folder.path, "qr2"), env, [
        { aeTitle: "ISOMOVE", port: listener.port },
      ]);
      try {
        await sendFiles(other, files);
        const peer = new DimsePeer(address(other), { retrieve: "move", receiver });
        const instances = await collect(peer.retrieve({ studyInstanceUid: studyUid }));
        expect(instances).toHaveLength(files.length);
        return `${instances.length} instances`;
      } finally {
        await other.stop();
        await listener.close({ drainMs: 0 });
      }
    });

    cell(name, "C-MOVE to a destination that dcmqrscp does not know", "SCU", async () => {
      const moving = withAssociation(qr, [context(StudyRootMove)], (one) =>
        one.move(
          StudyRootMove,
          { QueryRetrieveLevel: "STUDY", StudyInstanceUID: studyUid },
          { destination: "NOBODY" },
        ),
      );
      await expect(moving).rejects.toMatchObject({ code: "dimse-status", status: { code: 0xa801 } });
      return "A801H";
    });

    cell(name, "Modality Worklist with wlmscpfs", "SCU", async () => {
      const entries = await withAssociation(worklist, [context(ModalityWorklistFind)], (one) =>
        collect(one.find(ModalityWorklistFind, worklistKeys({ modality: "CT" }))),
      );
      expect(entries.map((entry) => entry.get("PatientName")?.toString())).toEqual(["Größe^Änne"]);
      return "1 entry";
    });

    cell(name, "a service that storescp does not have is named", "SCU", async () => {
      const asking = withAssociation(store, [context(StudyRootFind)], (one) =>
        collect(one.find(StudyRootFind, { QueryRetrieveLevel: "STUDY" })),
      );
      await expect(asking).rejects.toBeInstanceOf(NoAcceptedContextError);
      return "refused context named";
    });

    // Ourselves as SCP

    cell(name, "C-ECHO by echoscu", "SCP", async () => {
      const { code, stderr } = await dcmtk("echoscu", "--repeat", "5", ...toUs());
      expect(code, stderr).toBe(0);
    });

    cell(name, "C-ECHO by echoscu with 128 contexts", "SCP", async () => {
      const { code, stderr } = await dcmtk("echoscu", "-ppc", "128", ...toUs());
      expect(code, stderr).toBe(0);
    });

    cell(name, "C-STORE by storescu", "SCP", async () => {
      const before = (await ours.archive.counts()).instances;
      const more = await demoFiles("DEMO-0001");
      const { code, stderr } = await dcmtk("storescu", "-R", "-xs", ...toUs(), ...more);
      expect(code, stderr).toBe(0);
      const after = (await ours.archive.counts()).instances;
      expect(after).toBeGreaterThan(before);
      return `${after - before} instances`;
    });

    for (const [option, model] of [
      ["-S", "Study Root"],
      ["-P", "Patient Root"],
      ["-O", "Patient/Study Only"],
    ] as const) {
      cell(name, `${model} C-FIND by findscu`, "SCP", async () => {
        const { code, stderr } = await dcmtk(
          "findscu",
          option,
          ...toUs(),
          "-k",
          "QueryRetrieveLevel=STUDY",
          "-k",
          `PatientID=${study}`,
          "-k",
          "StudyInstanceUID",
        );
        expect(code, stderr).toBe(0);
        expect(stderr).toContain(studyUid);
      });
    }

    cell(name, "C-FIND with cancel by findscu", "SCP", async () => {
      const { code, stderr } = await dcmtk(
        "findscu",
        "-S",
        "--cancel",
        "2",
        ...toUs(),
        "-k",
        "QueryRetrieveLevel=IMAGE",
        "-k",
        `StudyInstanceUID=${studyUid}`,
        "-k",
        "SOPInstanceUID",
      );
      expect(code, stderr).toBe(0);
    });

    cell(name, "Modality Worklist C-FIND by findscu", "SCP", async () => {
      const { code, stderr } = await dcmtk(
        "findscu",
        "-W",
        ...toUs(),
        "-k",
        "PatientName",
        "-k",
        "(0040,0100)[0].Modality=CT",
      );
      expect(code, stderr).toBe(0);
      expect(stderr).toContain("ISO_IR 192");
    });

    cell(name, "C-GET by getscu", "SCP", async () => {
      const out = join(folder.path, "got");
      await mkdir(out, { recursive: true });
      const { code, stderr } = await dcmtk(
        "getscu",
        "-S",
        "-od",
        out,
        ...toUs(),
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        `StudyInstanceUID=${studyUid}`,
      );
      expect(code, stderr).toBe(0);
      expect(await readdir(out)).toHaveLength(files.length);
      return `${files.length} instances`;
    });

    cell(name, "C-MOVE by movescu to a third, storescp", "SCP", async () => {
      await rm(join(folder.path, "storescp"), { recursive: true });
      await mkdir(join(folder.path, "storescp"));
      const { code, stderr } = await dcmtk(
        "movescu",
        "-S",
        "-aem",
        "STORESCP",
        ...toUs(),
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        `StudyInstanceUID=${studyUid}`,
      );
      expect(code, stderr).toBe(0);
      expect(await received("storescp")).toHaveLength(files.length);
      return `${files.length} instances`;
    });

    cell(name, "termscu is refused, and we live on", "SCP", async () => {
      await dcmtk("termscu", ...toUs());
      const { code } = await dcmtk("echoscu", ...toUs());
      expect(code).toBe(0);
    });

    cell(name, "a called AE title that is not ours, by echoscu", "SCP", async () => {
      const { code, stderr } = await dcmtk("echoscu", "-aec", "WRONG", "127.0.0.1", String(ours.port));
      expect(code).not.toBe(0);
      expect(stderr).toContain("Called AE Title Not Recognized");
      return "rejected";
    });
  });
});

const address = (peer: DicomServer) => ({
  host: "127.0.0.1",
  port: peer.port,
  callingAeTitle: "ISOCENTER",
  calledAeTitle: peer.aeTitle,
});
