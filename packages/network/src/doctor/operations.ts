/**
 * What the peer does when it is asked: verification, queries, retrievals of a study that does not exist. None changes
 * anything at the peer; of matches that are seen no value is kept but the character set.
 */
import { DataSet, newUid } from "@isocenter/dicom";
import type { Association } from "../association.ts";
import { DimseStatusError } from "../errors.ts";
import { Status } from "../dimse/status.ts";
import {
  type FindModel,
  ModalityWorklistFind,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
  Verification,
} from "../services/models.ts";
import type { StoreInstance } from "../services/service-user.ts";
import { worklistKeys } from "../services/worklist.ts";
import { type Examination, failureOf, nobody, plain, type Titles } from "./examination.ts";
import type { Facts, Failure, QueryAnswer } from "./types.ts";

const echoes = 10;
const ctImageStorage = "1.2.840.10008.5.1.4.1.1.2";

export async function echo(examination: Examination, titles: Titles): Promise<Facts> {
  const found = await examination.probe("echo", () =>
    examination.with(titles, [plain(Verification.sopClassUid)], async ({ association, associationMs }) => {
      const times: number[] = [];
      for (let count = 0; count < echoes; count++) {
        const start = examination.clock.now();
        await association.echo();
        times.push(examination.clock.now() - start);
      }
      const sorted = [...times].sort((a, b) => a - b);
      const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
      const bestMs = sorted[0] ?? 0;
      // Delayed acknowledgements of 40 ms (Linux) to 200 ms (Windows) show as answers that are never quicker than that,
      // while the association itself, a single message, was.
      const looksDelayed = associationMs < 25 && medianMs >= 35 && medianMs < 260;
      return { count: times.length, firstMs: times[0] ?? 0, medianMs, bestMs, associationMs, looksDelayed };
    }),
  );
  return found === undefined ? {} : { echo: found };
}

/** One recent study, looked at for its character set alone; the first match is enough. */
export async function query(examination: Examination, titles: Titles, today: Date): Promise<Facts> {
  const from = new Date(today.getTime() - 30 * 86_400_000);
  const keys = DataSet.of({
    QueryRetrieveLevel: "STUDY",
    StudyDate: `${dateText(from)}-${dateText(today)}`,
    StudyInstanceUID: "",
    SOPClassesInStudy: "",
  });
  const answer = await ask(examination, titles, "query", StudyRootFind, keys);
  return answer === undefined ? {} : { query: answer };
}

/** A name that nobody has, in letters that only a character set brings across. */
export async function charset(examination: Examination, titles: Titles): Promise<Facts> {
  const keys = DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    QueryRetrieveLevel: "STUDY",
    PatientName: "Ärzteprüfung^Žofie=試験^無*",
    StudyInstanceUID: "",
  });
  const answer = await ask(examination, titles, "charset", StudyRootFind, keys);
  return answer === undefined ? {} : { charset: answer };
}

export async function worklist(examination: Examination, titles: Titles, today: Date): Promise<Facts> {
  const keys = worklistKeys({ scheduledDate: dateText(today) });
  const answer = await ask(examination, titles, "worklist", ModalityWorklistFind, keys);
  return answer === undefined ? {} : { worklist: answer };
}

/** C-GET of a study that does not exist: shows whether the peer does it, and how it answers our role. */
export async function get(examination: Examination, titles: Titles): Promise<Facts> {
  const found = await examination.probe("get", () =>
    examination.with(
      titles,
      [plain(StudyRootGet.sopClassUid), { ...plain(ctImageStorage), role: "scp" }],
      async ({ association, answer }): Promise<NonNullable<Facts["get"]>> => {
        const context = answer?.contexts.find(({ id }) => id === 3);
        const selection = answer?.userInformation.roleSelections?.find(
          (one) => one.sopClassUid === ctImageStorage,
        );
        const role =
          context?.result !== "acceptance"
            ? "no-context"
            : selection === undefined
              ? "not-answered"
              : selection.scpRole
                ? "answered"
                : "refused";
        try {
          const identifier = { QueryRetrieveLevel: "STUDY", StudyInstanceUID: newUid() };
          await association.get(StudyRootGet, identifier, { onStore: () => Promise.resolve(Status.Success) });
          return { ok: true, role };
        } catch (error) {
          if (!(error instanceof DimseStatusError)) throw error;
          // "There is no such study" is said in several ways, and all of them come from a peer that does C-GET.
          const isUnable = unsupported.has(error.status.code);
          return { ok: !isUnable, role, ...(isUnable ? { failure: failureOf(error) } : {}) };
        }
      },
    ),
  );
  return found === undefined ? {} : { get: found };
}

/**
 * C-MOVE of a study that does not exist to ourselves, and to a destination that nobody knows: a peer that refuses the
 * second with A801H and not the first knows us. Some look for the study first, and tell nothing then.
 */
export async function move(examination: Examination, titles: Titles): Promise<Facts> {
  const found = await examination.probe("move", () =>
    examination.with(titles, [plain(StudyRootMove.sopClassUid)], async ({ association }) => {
      const toUs = await moveTo(association, titles.callingAeTitle);
      const toNobody = await moveTo(association, nobody);
      const isRefused = toUs?.status === Status.MoveDestinationUnknown;
      const isControlRefused = toNobody?.status === Status.MoveDestinationUnknown;
      const failure = toUs === undefined ? {} : { failure: toUs };
      if (isRefused) return { knowsUs: false, ...failure };
      return isControlRefused ? { knowsUs: true } : failure;
    }),
  );
  return found === undefined ? {} : { move: found };
}

async function moveTo(association: Association, destination: string): Promise<Failure | undefined> {
  const identifier = { QueryRetrieveLevel: "STUDY", StudyInstanceUID: newUid() };
  try {
    await association.move(StudyRootMove, identifier, { destination });
    return undefined;
  } catch (error) {
    if (!(error instanceof DimseStatusError)) throw error;
    return failureOf(error);
  }
}

export async function store(
  examination: Examination,
  titles: Titles,
  instance: StoreInstance,
): Promise<Facts> {
  const { sopClassUid, transferSyntaxUid } = instance;
  const found = await examination.probe("store", () =>
    examination.with(
      titles,
      [{ abstractSyntaxUid: sopClassUid, transferSyntaxUids: [transferSyntaxUid] }],
      async ({ association }): Promise<NonNullable<Facts["store"]>> => {
        try {
          const { status } = await association.store(instance);
          return { ok: true, ...(status.category === "warning" ? { warning: status.meaning } : {}) };
        } catch (error) {
          return { ok: false, failure: failureOf(error) };
        }
      },
    ),
  );
  return found === undefined ? {} : { store: found };
}

const unsupported = new Set<number>([
  Status.SopClassNotSupported,
  Status.UnrecognizedOperation,
  Status.NotAuthorized,
]);

async function ask(
  examination: Examination,
  titles: Titles,
  name: "query" | "charset" | "worklist",
  model: FindModel,
  keys: DataSet,
): Promise<QueryAnswer | undefined> {
  return examination.probe(name, () =>
    examination.with(titles, [plain(model.sopClassUid)], async ({ association }): Promise<QueryAnswer> => {
      try {
        for await (const match of association.find(model, keys)) {
          const characterSet = match.strings("SpecificCharacterSet").join("\\");
          return {
            ok: true,
            sawMatch: true,
            characterSet,
            tellsSopClasses: match.string("SOPClassesInStudy") !== undefined,
          };
        }
        return { ok: true, sawMatch: false };
      } catch (error) {
        if (!(error instanceof DimseStatusError)) throw error;
        return { ok: false, sawMatch: false, failure: failureOf(error) };
      }
    }),
  );
}

/** The day as clocks on the wall have it. */
const dateText = (date: Date): string =>
  `${date.getFullYear()}${String(date.getMonth() + 1).padStart(2, "0")}${String(date.getDate()).padStart(2, "0")}`;
