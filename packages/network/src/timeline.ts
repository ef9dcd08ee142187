/**
 * What happened on an association, as typed events in order: what a command line shows with `-v`, an HTTP API streams and
 * an inspector draws. Without an observer none of them is made; P-DATA-TF PDUs are counted per message, not reported one
 * by one, so that watching costs little at any size.
 *
 * Commands hold AE titles, UIDs and statuses. Data sets hold patient data: their bytes are only kept when asked for
 * (`recordDataSets`), and whoever stores or sends events on has to redact them.
 */
import type { Command } from "./dimse/types.ts";
import type { NetworkError, TimerName } from "./errors.ts";
import type { Pdu } from "./pdu/types.ts";
import type { TransportDescription } from "./transport.ts";
import type { Action, Event, State } from "./upper-layer/names.generated.ts";

export type Direction = "sent" | "received";

export type AssociationEventDetail =
  /** The transport is connected. */
  | { readonly kind: "connected"; readonly description?: TransportDescription }
  /** A PDU other than P-DATA-TF. */
  | { readonly kind: "pdu"; readonly direction: Direction; readonly pdu: Pdu }
  /** A step of the state machine (PS3.8 Table 9-10), P-DATA-TF apart. */
  | {
      readonly kind: "transition";
      readonly from: State;
      readonly event: Event;
      readonly action: Action | undefined;
      readonly to: State;
    }
  /** A command set; its data set follows, if it has one, in an event of its own. */
  | {
      readonly kind: "command";
      readonly direction: Direction;
      readonly contextId: number;
      readonly command: Command;
    }
  /** A data set went by to its end. */
  | {
      readonly kind: "data-set";
      readonly direction: Direction;
      readonly contextId: number;
      readonly messageId: number;
      readonly bytes: number;
      /** P-DATA-TF fragments it came in or left in. */
      readonly fragments: number;
      /** Since the command. */
      readonly ms: number;
      /** With `recordDataSets`, up to that many bytes: the encoded data set. Holds patient data. */
      readonly content?: Uint8Array;
    }
  /** A timer ran out. */
  | { readonly kind: "timeout"; readonly timer: TimerName; readonly ms: number }
  /** It is over; without an error it was released in order. */
  | { readonly kind: "ended"; readonly error?: NetworkError };

export type AssociationEvent = AssociationEventDetail & {
  /** Milliseconds of the association's clock (monotonic). */
  readonly at: number;
};

/** Called while the association works: it must not throw, and not take long. */
export type AssociationObserver = (event: AssociationEvent) => void;

/** What both roles take to be watched. */
export interface ObserveOptions {
  readonly onEvent?: AssociationObserver;
  /** Bytes of each data set to keep in its event, for instance 65,536; default none. */
  readonly recordDataSets?: number;
}
