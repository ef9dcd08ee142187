/**
 * C-MOVE to ourselves: for a PACS that sends only to destinations it knows. The listener that the destination's AE title
 * stands for offers every C-STORE to this desk, which knows what was asked for; what nobody waits for is stored as usual.
 */
import type { StatusAnswer, StoreRequest } from "@isocenter/network";
import { Handoff } from "./handoff.ts";

export interface ExpectedMove {
  /** AE title that the peer calls from. */
  readonly peerAeTitle: string;
  /** Our AE title in the C-MOVE's association: the move originator that the peer names. */
  readonly originatorAeTitle: string;
}

export class MoveReceiver {
  /** The AE title that peers have to know as their destination. */
  readonly aeTitle: string;
  readonly #expected = new Set<Expectation>();

  constructor(aeTitle: string) {
    this.aeTitle = aeTitle;
  }

  /** Everything that comes from the peer for the C-MOVE is handed to its handoff. */
  expect(move: ExpectedMove): Expectation {
    const expectation: Expectation = { ...move, messageId: undefined, handoff: new Handoff() };
    this.#expected.add(expectation);
    return expectation;
  }

  forget(expectation: Expectation): void {
    this.#expected.delete(expectation);
  }

  /** @returns the answer to give, or undefined when nobody waits for the instance */
  offer(bytes: AsyncIterable<Uint8Array>, request: StoreRequest): Promise<StatusAnswer> | undefined {
    const expectation = this.#find(request);
    return expectation === undefined ? undefined : give(expectation.handoff, bytes, request);
  }

  #find({
    callingAeTitle,
    moveOriginatorAeTitle,
    moveOriginatorMessageId,
  }: StoreRequest): Expectation | undefined {
    const fromPeer = [...this.#expected].filter(({ peerAeTitle }) => peerAeTitle === callingAeTitle);
    if (moveOriginatorMessageId === undefined) {
      // Some peers do not name the originator; that is clear only where one retrieval is open.
      return fromPeer.length === 1 ? fromPeer[0] : undefined;
    }
    return fromPeer.find(
      ({ originatorAeTitle, messageId }) =>
        messageId === moveOriginatorMessageId &&
        (moveOriginatorAeTitle === undefined || moveOriginatorAeTitle === originatorAeTitle),
    );
  }
}

export interface Expectation extends ExpectedMove {
  /** Known when the C-MOVE was sent. */
  messageId: number | undefined;
  readonly handoff: Handoff;
}

/** What a C-STORE of a retrieval becomes: an instance for the consumer, and a status for the peer. */
export async function give(
  handoff: Handoff,
  bytes: AsyncIterable<Uint8Array>,
  request: StoreRequest,
): Promise<StatusAnswer> {
  await handoff.give(
    {
      sopClassUid: request.affectedSopClassUid,
      sopInstanceUid: request.affectedSopInstanceUid,
      transferSyntaxUid: request.transferSyntaxUid,
      sourceAeTitle: request.callingAeTitle,
    },
    bytes,
  );
  return 0;
}
