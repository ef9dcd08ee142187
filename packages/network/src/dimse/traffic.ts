/** Commands and data sets on their way, as events of the timeline: only made when somebody watches. */
import type { AssociationEventDetail } from "../timeline.ts";
import type { Clock } from "../timers.ts";
import type { Message } from "./assembler.ts";
import { type ByteSource, isByteSource, type Outgoing } from "./outgoing.ts";
import type { Command } from "./types.ts";

export class Traffic {
  readonly #report: (event: AssociationEventDetail) => void;
  readonly #clock: Clock;
  readonly #record: number;
  #receiving: { message: Message; since: number; tally: Tally } | undefined;
  #sending: Tally | undefined;

  /** @param record bytes of each data set to keep */
  constructor(report: (event: AssociationEventDetail) => void, clock: Clock, record: number) {
    this.#report = report;
    this.#clock = clock;
    this.#record = record;
  }

  received(message: Message): void {
    const { contextId, command } = message;
    this.#report({ kind: "command", direction: "received", contextId, command });
    if (command.hasDataSet)
      this.#receiving = { message, since: this.#clock.now(), tally: new Tally(this.#record) };
  }

  fragment(control: number, piece: Uint8Array, isEnd: boolean): void {
    if ((control & 1) === 1 || this.#receiving === undefined) return;
    const { message, since, tally } = this.#receiving;
    tally.add(piece);
    if (!isEnd) return;
    tally.fragments++;
    if ((control & 2) === 0) return;
    this.#receiving = undefined;
    const { contextId, command } = message;
    this.#dataSet("received", contextId, command, since, tally);
  }

  /** @returns what to call with the number of fragments when it has left */
  sent(contextId: number, command: Command): (fragments: number) => void {
    this.#report({ kind: "command", direction: "sent", contextId, command });
    const since = this.#clock.now();
    const tally = new Tally(this.#record);
    this.#sending = tally;
    return (fragments) => {
      if (!command.hasDataSet) return;
      tally.fragments = fragments;
      this.#dataSet("sent", contextId, command, since, tally);
    };
  }

  /** The data set of the command that {@link sent} was told of, counted as it is read. */
  watched(dataSet: Outgoing): Outgoing {
    const tally = this.#sending ?? new Tally(0);
    if (dataSet instanceof Uint8Array) {
      tally.add(dataSet);
      return dataSet;
    }
    return isByteSource(dataSet) ? countedSource(dataSet, tally) : counted(dataSet, tally);
  }

  #dataSet(
    direction: "sent" | "received",
    contextId: number,
    command: Command,
    since: number,
    { bytes, fragments, content }: Tally,
  ): void {
    this.#report({
      kind: "data-set",
      direction,
      contextId,
      messageId: command.messageId ?? command.messageIdBeingRespondedTo ?? 0,
      bytes,
      fragments,
      ms: this.#clock.now() - since,
      ...(this.#record === 0 ? {} : { content: content() }),
    });
  }
}

class Tally {
  bytes = 0;
  fragments = 0;
  readonly #limit: number;
  readonly #kept: Uint8Array[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: Uint8Array): void {
    const room = this.#limit - this.bytes;
    this.bytes += piece.byteLength;
    if (room > 0) this.#kept.push(piece.slice(0, room));
  }

  readonly content = (): Uint8Array => {
    const bytes = new Uint8Array(this.#kept.reduce((sum, piece) => sum + piece.byteLength, 0));
    let at = 0;
    for (const piece of this.#kept) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    return bytes;
  };
}

async function* counted(source: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    tally.add(chunk);
    yield chunk;
  }
}

function countedSource(source: ByteSource, tally: Tally): ByteSource {
  return {
    size: source.size,
    async read(views, position) {
      const count = await source.read(views, position);
      for (const view of views) tally.add(view);
      return count;
    },
    close: () => source.close(),
  };
}
