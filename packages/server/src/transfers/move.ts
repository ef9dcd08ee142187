/** Asks a DICOM peer to send to a third one: C-MOVE (PS3.4 C.4.2), with its counters as progress. */
import { type DimsePeer, type Selection } from "@isocenter/archive";
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import { type Association, type RetrieveProgress, StudyRootMove } from "@isocenter/network";
import { hex, levelOfSelection, type Progress, type Transfer, type TransferFailure } from "./transfer.ts";

export interface MoveRequest {
  /** AE title that the peer sends to, and knows. */
  readonly destination: string;
  readonly selections: readonly Selection[];
}

/** How long a peer may take to answer C-CANCEL-RQ before the association is aborted. */
const cancelMs = 5000;

/** Aborting the signal sends C-CANCEL-RQ; the result is `cancelled` then. @throws NetworkError */
export async function* moveBetween(
  peer: DimsePeer,
  { destination, selections }: MoveRequest,
  { signal }: { readonly signal?: AbortSignal },
): Transfer {
  const begun = performance.now();
  const association = await opened(peer, signal);
  await using _ = association;
  const sum = { completed: 0, failed: 0, warning: 0 };
  const failures: TransferFailure[] = [];
  let isCancelled = false;
  const patience = new CancelPatience(signal, () => association.abort());
  try {
    yield { remaining: null, ...sum };
    for (const selection of selections) {
      const news = new Latest<Progress>();
      const running = association
        .move(StudyRootMove, identifierOf(selection), {
          destination,
          ...(signal === undefined ? {} : { cancel: signal }),
          onProgress: (progress) => news.set(added(sum, progress)),
        })
        .finally(() => news.end());
      // Told when it is awaited below.
      running.catch(() => undefined);
      for await (const progress of news) yield progress;
      const result = await running;
      sum.completed += result.completed ?? 0;
      sum.failed += result.failed ?? 0;
      sum.warning += result.warning ?? 0;
      for (const uid of result.failedSopInstanceUids.slice(0, 100 - failures.length))
        failures.push({ sopInstanceUID: uid, status: hex(result.status.code) });
      isCancelled = result.status.category === "cancel";
      if (isCancelled) break;
    }
  } finally {
    patience.end();
  }
  await association.release();
  const isAllFailed = sum.failed > 0 && sum.completed + sum.warning === 0;
  const status = isAllFailed ? "failure" : sum.failed + sum.warning > 0 ? "warning" : "success";
  return {
    status: isCancelled ? "cancelled" : status,
    ...sum,
    failures,
    ms: Math.round(performance.now() - begun),
  };
}

const identifierOf = (selection: Selection): DataSet =>
  DataSet.of({
    QueryRetrieveLevel: levelOfSelection(selection),
    StudyInstanceUID: selection.studyInstanceUid,
    ...(selection.seriesInstanceUid === undefined ? {} : { SeriesInstanceUID: selection.seriesInstanceUid }),
    ...(selection.sopInstanceUid === undefined ? {} : { SOPInstanceUID: selection.sopInstanceUid }),
  });

function added(sum: Omit<Progress, "remaining">, progress: RetrieveProgress): Progress {
  return {
    remaining: progress.remaining ?? null,
    completed: sum.completed + (progress.completed ?? 0),
    failed: sum.failed + (progress.failed ?? 0),
    warning: sum.warning + (progress.warning ?? 0),
  };
}

/** Opening is given up with the signal; once it is open the signal means C-CANCEL-RQ, and must not abort it by itself. */
async function opened(peer: DimsePeer, signal: AbortSignal | undefined): Promise<Association> {
  signal?.throwIfAborted();
  const opening = new AbortController();
  const onAbort = (): void => opening.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await peer.associate(contexts, { signal: opening.signal });
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

const contexts = [
  {
    abstractSyntaxUid: StudyRootMove.sopClassUid,
    transferSyntaxUids: [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian],
  },
];

/** Gives the peer a moment to answer the cancel. */
class CancelPatience {
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(signal: AbortSignal | undefined, giveUp: () => void) {
    this.#signal = signal;
    this.#onAbort = () => {
      this.#timer = setTimeout(giveUp, cancelMs);
    };
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** The newest value for one reader: those between are passed over. */
class Latest<T> implements AsyncIterable<T> {
  #value: { readonly value: T } | undefined;
  #isEnded = false;
  #wake: (() => void) | undefined;

  set(value: T): void {
    this.#value = { value };
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const given = this.#value;
      this.#value = undefined;
      if (given !== undefined) yield given.value;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
