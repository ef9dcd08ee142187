/**
 * From fragments to messages, PS3.7 6.3.1 and PS3.8 Annex E: command fragments are collected, data set fragments flow
 * into a {@link DataStream} as they come. Command and data set may share or split PDUs at any byte.
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

export class MessageAssembler {
  readonly #onMessage: (message: Message) => void;
  readonly #flow: { pause(): void; resume(): void };
  #contextId = 0;
  #command: Uint8Array[] = [];
  #commandLength = 0;
  #dataSet: DataStream | undefined;

  constructor(onMessage: (message: Message) => void, flow: { pause(): void; resume(): void }) {
    this.#onMessage = onMessage;
    this.#flow = flow;
  }

  /** @throws RemoteProtocolError when fragments do not make messages */
  fragment(contextId: number, control: number, piece: Uint8Array, isEnd: boolean): void {
    const isCommand = (control & 1) === 1;
    const isLast = (control & 2) === 2 && isEnd;
    const isOpen = this.#dataSet !== undefined || this.#commandLength > 0;
    if (isOpen && contextId !== this.#contextId)
      throw violation("fragments of two presentation contexts interleaved");
    if (isCommand === (this.#dataSet !== undefined)) {
      throw violation(
        isCommand ? "a command before the data set was complete" : "a data set without a command",
      );
    }
    this.#contextId = contextId;
    if (isCommand) this.#commandPiece(piece, isLast);
    else {
      this.#dataSet?.push(piece);
      if (!isLast) return;
      this.#dataSet?.end();
      this.#dataSet = undefined;
    }
  }

  /** The association is over: a data set under way ends with the error. */
  end(error: Error): void {
    this.#dataSet?.fail(error);
    this.#dataSet = undefined;
  }

  #commandPiece(piece: Uint8Array, isLast: boolean): void {
    // Kept beyond this call, and it is small: a copy frees the chunk it lies in.
    this.#command.push(piece.slice());
    this.#commandLength += piece.byteLength;
    if (this.#commandLength > maximumCommandLength) throw violation("a command of more than 64 KiB");
    if (!isLast) return;
    const bytes = new Uint8Array(this.#commandLength);
    let at = 0;
    for (const part of this.#command) {
      bytes.set(part, at);
      at += part.byteLength;
    }
    this.#command = [];
    this.#commandLength = 0;
    const command = decodeCommand(bytes);
    if (command.hasDataSet) this.#dataSet = new DataStream(this.#flow);
    this.#onMessage({ contextId: this.#contextId, command, dataSet: this.#dataSet });
  }
}

function violation(what: string): RemoteProtocolError {
  return new RemoteProtocolError(`The peer sent ${what}.`, AbortReason.UnexpectedPduParameter);
}
