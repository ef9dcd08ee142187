/**
 * From fragments to messages, PS3.7 6.3.1 and PS3.8 Annex E: command fragments are collected, data set fragments flow
 * into a {@link DataStream} as they come. Command and data set may share or split PDUs at any byte; fragments may be
 * empty; bits 2–7 of the message control header are reserved and not looked at.
 *
 * What is no sequence of messages ends the association, with an A-ABORT reason of PS3.8 Table 9-26: "unexpected PDU
 * parameter" for a fragment of another context or kind than is due, "invalid PDU parameter value" for a command that is
 * too long or none, "unrecognized PDU parameter" for a command of an unknown kind, "unexpected PDU" for a release in the
 * middle of a message.
 */
import { RemoteProtocolError } from "../errors.ts";
import { AbortReason } from "../pdu/types.ts";
import { DataStream } from "./data-stream.ts";
import { decodeCommand } from "./decode.ts";
import type { Command } from "./types.ts";

export interface Message {
  readonly contextId: number;
  readonly command: Command;
  /** The data set's bytes as they arrive; undefined when the command has none. */
  readonly dataSet: DataStream | undefined;
}

/** A command set is some hundred bytes; more than this is none. */
const maximumCommandLength = 1 << 16;
const smallPiece = 1 << 10;
const gatheredLength = 1 << 14;

export class MessageAssembler {
  readonly #onMessage: (message: Message) => void;
  readonly #flow: { pause(): void; resume(): void };
  #contextId = 0;
  #isCommandOpen = false;
  /** Begun commands, of which `#commandLength` bytes are there. */
  #command: Uint8Array = empty;
  #commandLength = 0;
  #dataSet: DataStream | undefined;
  /** Small pieces of the data set, until there are enough of them. */
  #small: Uint8Array = empty;
  #smallLength = 0;

  constructor(onMessage: (message: Message) => void, flow: { pause(): void; resume(): void }) {
    this.#onMessage = onMessage;
    this.#flow = flow;
  }

  /** A message has begun and more of it is due: the rest of its command, or its data set. */
  get isOpen(): boolean {
    return this.#isCommandOpen || this.#dataSet !== undefined;
  }

  /** @throws RemoteProtocolError when fragments do not make messages */
  fragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void {
    const isCommand = (control & 1) === 1;
    const isLast = (control & 2) === 2 && isEnd;
    if (this.isOpen && contextId !== this.#contextId)
      throw unexpected("fragments of two presentation contexts interleaved");
    if (isCommand === (this.#dataSet !== undefined)) {
      throw unexpected(
        isCommand ? "a command before the data set was complete" : "a data set without a command",
      );
    }
    this.#contextId = contextId;
    if (isCommand) this.#commandPiece(piece, isLast);
    else if (this.#dataSet !== undefined) this.#dataSetPiece(this.#dataSet, piece, isLast);
  }

  /**
   * The peer wants to release: nothing more comes.
   * @throws RemoteProtocolError in the middle of a message, whose rest would be waited for in vain
   */
  release(): void {
    if (!this.isOpen) return;
    throw new RemoteProtocolError(
      "The peer released the association in the middle of a message.",
      AbortReason.UnexpectedPdu,
    );
  }

  /** The association is over: a data set under way ends with the error. */
  end(error: Error): void {
    this.#dataSet?.fail(error);
    this.#dataSet = undefined;
    this.#smallLength = 0;
    this.#takeCommand();
  }

  #commandPiece(piece: Uint8Array, isLast: boolean): void {
    this.#isCommandOpen = true;
    const length = this.#commandLength + piece.byteLength;
    if (length > maximumCommandLength) {
      throw new RemoteProtocolError(
        "The peer sent a command of more than 64 KiB.",
        AbortReason.InvalidPduParameterValue,
      );
    }
    // Usually a command is one piece, and is read where it lies.
    const isWhole = isLast && this.#commandLength === 0;
    if (!isWhole) this.#collect(piece, length);
    if (!isLast) return;
    const command = decodeCommand(isWhole ? piece : this.#takeCommand());
    this.#isCommandOpen = false;
    if (command.hasDataSet) this.#dataSet = new DataStream(this.#flow);
    this.#onMessage({ contextId: this.#contextId, command, dataSet: this.#dataSet });
  }

  /**
   * A view of each piece costs some hundred bytes and keeps its chunk: a data set of single bytes would take a hundred
   * times its size. So small ones are gathered, and large ones go on as they are.
   */
  #dataSetPiece(dataSet: DataStream, piece: Uint8Array, isLast: boolean): void {
    const isSmall = piece.byteLength < smallPiece && !(isLast && this.#smallLength === 0);
    if (isSmall) {
      if (this.#smallLength + piece.byteLength > gatheredLength) this.#flush(dataSet);
      if (this.#small.byteLength === 0) this.#small = new Uint8Array(gatheredLength);
      this.#small.set(piece, this.#smallLength);
      this.#smallLength += piece.byteLength;
    }
    if (!isSmall || isLast) this.#flush(dataSet);
    if (!isSmall) dataSet.push(piece);
    if (!isLast) return;
    dataSet.end();
    this.#dataSet = undefined;
  }

  #flush(dataSet: DataStream): void {
    if (this.#smallLength === 0) return;
    dataSet.push(this.#small.slice(0, this.#smallLength));
    this.#smallLength = 0;
  }

  #collect(piece: Uint8Array, length: number): void {
    if (this.#command.byteLength < length) {
      const grown = new Uint8Array(Math.max(256, length * 2));
      grown.set(this.#command.subarray(0, this.#commandLength));
      this.#command = grown;
    }
    this.#command.set(piece, this.#commandLength);
    this.#commandLength = length;
  }

  #takeCommand(): Uint8Array {
    const taken = this.#command.subarray(0, this.#commandLength);
    this.#command = empty;
    this.#commandLength = 0;
    this.#isCommandOpen = false;
    return taken;
  }
}

const empty = new Uint8Array(0);

function unexpected(what: string): RemoteProtocolError {
  return new RemoteProtocolError(`The peer sent ${what}.`, AbortReason.UnexpectedPduParameter);
}
