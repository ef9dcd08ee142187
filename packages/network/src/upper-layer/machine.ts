/**
 * The upper layer as a pure function: `(state, event) → { next, effects }`, by PS3.8 Table 9-10 and nothing else.
 *
 * It owns no socket, no timer and no clock. An event that the table does not allow in a state is an error of whoever
 * raised it: of the program for its own requests, which are answered with an exception before anything changes.
 */
import { LocalProtocolError } from "../errors.ts";
import { actionTable, type Effect } from "./actions.ts";
import {
  type Action,
  type Event,
  eventDescriptions,
  type State,
  stateDescriptions,
} from "./names.generated.ts";
import { transitions } from "./transitions.generated.ts";

export interface Transition {
  readonly action: Action;
  readonly next: State;
  readonly effects: readonly Effect[];
}

/** What an action with two outcomes decides by. */
export interface Decision {
  /** AR-8: who asked for the association. */
  readonly role: "requestor" | "acceptor";
  /** AE-6: the request is acceptable to the upper layer itself (protocol version). */
  readonly acceptable?: boolean;
}

/** @throws LocalProtocolError when the event cannot occur in the state */
export function transition(state: State, event: Event, decision: Decision): Transition {
  const action = transitions[state][event];
  if (action === undefined) {
    throw new LocalProtocolError(
      "association-ended",
      `Not possible now: ${eventDescriptions[event]} while ${stateDescriptions[state]}.`,
    );
  }
  const { effects, next } = actionTable[action];
  if (typeof next === "string") return { action, next, effects };
  if (action === "AE-6") {
    return decision.acceptable === false
      ? { action, next: next[1], effects: ["stop-artim", "send-associate-rj", "start-artim"] }
      : { action, next: next[0], effects };
  }
  return { action, next: decision.role === "requestor" ? next[0] : next[1], effects };
}

/** Whether the table has an action for the event. */
export function isPossible(state: State, event: Event): boolean {
  return transitions[state][event] !== undefined;
}
