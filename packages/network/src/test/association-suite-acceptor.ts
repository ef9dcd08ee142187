/**
 * The other end of the association suite. The called AE title chooses how it behaves, the PatientID of a query what it
 * does, and what it saw is kept by the calling AE title.
 */
import { DataSet, TransferSyntax } from "@isocenter/dicom";
import { type ServedAssociation, serveAssociation } from "../acceptor.ts";
import { encodePdu } from "../pdu/encode.ts";
import { PduReader } from "../pdu/reader.ts";
import { type AAssociateRq, applicationContextName, type Pdu } from "../pdu/types.ts";
import { StudyRootFind } from "../services/models.ts";
import type { Services } from "../services/types.ts";
import type { Transport, TransportHandlers } from "../transport.ts";

export const Title = {
  Suite: "SUITE",
  /** Followed by the maximum PDU length. */
  Pdu: "PDU",
  /** Never answers the request. */
  Hangs: "HANGS",
  /** Accepts, and never says anything more. */
  Mute: "MUTE",
  /** Closes at the first message. */
  Closes: "CLOSES",
  /** Goes away at the request. */
  Gone: "GONE",
  /** Asks for a release when it is asked for one. */
  Collides: "COLLIDES",
  /** Asks for a release at once. */
  Leaves: "LEAVES",
} as const;

/** SOP instances that are not simply taken. */
export const peculiar = {
  /** The association is aborted in the middle of it. */
  aborting: "1.2.3.8",
  /** Not read before another association says GO. */
  waiting: "1.2.3.9",
};

export interface Report {
  readonly stores: readonly { readonly bytes: number; readonly checksum: number }[];
  readonly cancelled: boolean;
  /** `released`, or the code of the error; for scripted peers the release PDUs that they were sent. */
  readonly ended: string;
}

/** FNV-1a. */
export function checksumOf(chunks: Iterable<Uint8Array>, from = 0x811c9dc5): number {
  let sum = from;
  for (const chunk of chunks) for (const byte of chunk) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

interface Notes {
  stores: { bytes: number; checksum: number }[];
  cancelled: boolean;
  /** Matches that were handed to the association. */
  given: number;
  served: ServedAssociation | undefined;
  /** A request came that will not be answered. */
  readonly asked: Signal<void>;
  readonly ended: Signal<string>;
  readonly go: Signal<void>;
}

/** Serves every transport it is given. */
export function suiteAcceptor(): { serve(transport: Transport): void } {
  const notes = new Map<string, Notes>();
  const noteOf = (title: string): Notes => {
    const known = notes.get(title);
    if (known !== undefined) return known;
    const made: Notes = {
      stores: [],
      cancelled: false,
      given: 0,
      served: undefined,
      asked: signal(),
      ended: signal(),
      go: signal(),
    };
    notes.set(title, made);
    return made;
  };

  const services: Services = {
    verification: true,
    storage: {
      sopClasses: "any",
      async onStore(bytes, { affectedSopInstanceUid }, { callingAeTitle }) {
        const note = noteOf(callingAeTitle);
        if (affectedSopInstanceUid === peculiar.waiting) await note.go.promise;
        let length = 0;
        let checksum: number | undefined;
        for await (const chunk of bytes) {
          if (affectedSopInstanceUid === peculiar.aborting) note.served?.abort();
          length += chunk.byteLength;
          checksum = checksumOf([chunk], checksum);
        }
        note.stores.push({ bytes: length, checksum: checksum ?? checksumOf([]) });
        return 0;
      },
    },
    query: {
      models: [StudyRootFind],
      async *onFind(identifier, { signal: ended, callingAeTitle }) {
        const note = noteOf(callingAeTitle);
        const [verb = "", ...words] = (identifier.string("PatientID") ?? "").split("-");
        const word = words.join("-");
        switch (verb) {
          case "MANY":
            for (let index = 0; index < Number(word); index++) yield DataSet.of({ StudyID: String(index) });
            return;
          case "LARGE":
            for (; note.given < Number(word); note.given++)
              yield DataSet.of({ StudyID: String(note.given), PatientComments: "x".repeat(10_000) });
            return;
          case "GIVEN":
            yield DataSet.of({ StudyID: String(noteOf(word).given) });
            return;
          case "ABORT":
            for (let index = 0; index < Number(word); index++) yield DataSet.of({ StudyID: String(index) });
            note.served?.abort();
            return;
          case "ENDLESS":
            for (let index = 0; !ended.aborted; index++) {
              yield DataSet.of({ StudyID: String(index) });
              await new Promise((resolve) => setTimeout(resolve, 0));
            }
            note.cancelled = true;
            return;
          case "GO":
            return noteOf(word).go.settle();
          case "ASKED":
            return await noteOf(word).asked.promise;
          case "REPORT": {
            const { stores, cancelled, ended: end } = noteOf(word);
            const report: Report = { ended: await end.promise, stores, cancelled };
            yield DataSet.of({ PatientComments: JSON.stringify(report) });
          }
        }
      },
    },
  };

  const serve = (transport: Transport, called: string, calling: string): void => {
    const note = noteOf(calling);
    if (called === Title.Gone) return transport.destroy();
    if (
      called === Title.Mute ||
      called === Title.Closes ||
      called === Title.Collides ||
      called === Title.Leaves
    )
      return scriptedPeer(transport, called, note);
    const pdu = /^PDU(\d+)$/.exec(called)?.[1];
    const served = serveAssociation(transport, {
      aeTitle: pdu === undefined ? [Title.Suite, Title.Hangs] : called,
      services,
      ...(pdu === undefined ? {} : { maximumPduLength: Number(pdu) }),
      authorize({ calledAeTitle, callingAeTitle }) {
        if (calledAeTitle !== Title.Hangs) return callingAeTitle !== "STRANGER";
        note.asked.settle();
        return new Promise(() => undefined);
      },
    });
    note.served = served;
    void served.closed.then((error) => note.ended.settle(error?.code ?? "released"));
  };
  return { serve: (transport) => void new Peeked(transport, serve) };
}

/** A peer without our association code. */
function scriptedPeer(transport: Transport, called: string, note: Notes): void {
  const releases: string[] = [];
  const write = (pdu: Pdu): void => void transport.write([encodePdu(pdu)]);
  const reader = new PduReader(
    {
      onPData: () => {
        note.asked.settle();
        if (called === Title.Closes) transport.close();
      },
      onFragment: () => undefined,
      onPdu(pdu) {
        if (pdu.kind === "A-ASSOCIATE-RQ") {
          write(acceptanceOf(pdu));
          if (called === Title.Leaves) write({ kind: "A-RELEASE-RQ" });
        } else if (pdu.kind === "A-RELEASE-RQ") {
          releases.push("RQ");
          write({ kind: "A-RELEASE-RQ" });
        } else {
          if (pdu.kind === "A-RELEASE-RP") releases.push("RP");
          // PS3.8 7.2.2.8: in a collision the acceptor answers last.
          if (called === Title.Collides) write({ kind: "A-RELEASE-RP" });
          transport.close();
        }
      },
    },
    0,
  );
  transport.start({
    onData: (bytes) => reader.push(bytes),
    onDrain: () => undefined,
    onClose: () => note.ended.settle(releases.join(" ")),
  });
}

function acceptanceOf(request: AAssociateRq): Pdu {
  return {
    kind: "A-ASSOCIATE-AC",
    protocolVersion: 1,
    calledAeTitle: request.calledAeTitle,
    callingAeTitle: request.callingAeTitle,
    applicationContextName,
    contexts: request.contexts.map(({ id, transferSyntaxUids }) => ({
      id,
      result: "acceptance",
      transferSyntaxUid: transferSyntaxUids[0] ?? TransferSyntax.ImplicitVRLittleEndian,
    })),
    userInformation: { maximumPduLength: 16_384, implementationClassUid: "2.25.7" },
  };
}

/** Reads the AE titles of the request, then is the transport that they came over, from the first byte. */
class Peeked implements Transport {
  readonly #inner: Transport;
  #handlers: TransportHandlers | undefined;
  #head: Uint8Array | undefined = new Uint8Array(0);

  constructor(inner: Transport, onTitles: (transport: Transport, called: string, calling: string) => void) {
    this.#inner = inner;
    inner.start({
      onData: (chunk) => {
        if (this.#head === undefined) return this.#handlers?.onData(chunk);
        const head = Uint8Array.of(...this.#head, ...chunk);
        this.#head = head;
        if (head.length < 42) return;
        // PS3.8 9.3.2: bytes 11–26 the called AE title, 27–42 the calling one.
        const title = (at: number): string => String.fromCharCode(...head.subarray(at, at + 16)).trim();
        onTitles(this, title(10), title(26));
      },
      onDrain: () => this.#handlers?.onDrain(),
      onClose: (error) => this.#handlers?.onClose(error),
    });
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) handlers.onData(head);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#inner.write(chunks);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  close(): void {
    this.#inner.close();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}

interface Signal<T> {
  readonly promise: Promise<T>;
  settle(value: T): void;
}

function signal<T>(): Signal<T> {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle: (value) => settle(value) };
}
