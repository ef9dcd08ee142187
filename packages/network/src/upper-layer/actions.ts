/**
 * What each action of PS3.8 Tables 9-6 to 9-9 does, as data: effects in order, and the next state. Nothing here sends or
 * waits; the machine hands the effects to whoever owns the transport.
 */
import type { Action, State } from "./names.generated.ts";

export type Effect =
  | "open-transport"
  | "close-transport"
  | "start-artim"
  | "stop-artim"
  /** Send the PDU that the user asked for, or the one that the action names. */
  | "send-associate-rq"
  | "send-associate-ac"
  | "send-associate-rj"
  | "send-p-data"
  | "send-release-rq"
  | "send-release-rp"
  | "send-abort-user"
  | "send-abort-provider"
  /** Tell the user. */
  | "indicate-associate"
  | "confirm-accepted"
  | "confirm-rejected"
  | "indicate-data"
  | "indicate-release"
  | "confirm-release"
  | "indicate-abort"
  | "indicate-provider-abort";

export interface ActionDefinition {
  readonly effects: readonly Effect[];
  /** Two states where the action decides: by whether the request is acceptable, or by who requested the association. */
  readonly next: State | readonly [State, State];
}

export const actionTable: Readonly<Record<Action, ActionDefinition>> = {
  "AE-1": { effects: ["open-transport"], next: "Sta4" },
  "AE-2": { effects: ["send-associate-rq"], next: "Sta5" },
  "AE-3": { effects: ["confirm-accepted"], next: "Sta6" },
  "AE-4": { effects: ["confirm-rejected", "close-transport"], next: "Sta1" },
  "AE-5": { effects: ["start-artim"], next: "Sta2" },
  // Sta3 when the request is acceptable at this level, Sta13 (after A-ASSOCIATE-RJ) when not.
  "AE-6": { effects: ["stop-artim", "indicate-associate"], next: ["Sta3", "Sta13"] },
  "AE-7": { effects: ["send-associate-ac"], next: "Sta6" },
  "AE-8": { effects: ["send-associate-rj", "start-artim"], next: "Sta13" },
  "DT-1": { effects: ["send-p-data"], next: "Sta6" },
  "DT-2": { effects: ["indicate-data"], next: "Sta6" },
  "AR-1": { effects: ["send-release-rq"], next: "Sta7" },
  "AR-2": { effects: ["indicate-release"], next: "Sta8" },
  "AR-3": { effects: ["confirm-release", "close-transport"], next: "Sta1" },
  "AR-4": { effects: ["send-release-rp", "start-artim"], next: "Sta13" },
  "AR-5": { effects: ["stop-artim"], next: "Sta1" },
  "AR-6": { effects: ["indicate-data"], next: "Sta7" },
  "AR-7": { effects: ["send-p-data"], next: "Sta8" },
  // Sta9 for the requestor of the association, Sta10 for its acceptor.
  "AR-8": { effects: ["indicate-release"], next: ["Sta9", "Sta10"] },
  "AR-9": { effects: ["send-release-rp"], next: "Sta11" },
  "AR-10": { effects: ["confirm-release"], next: "Sta12" },
  "AA-1": { effects: ["send-abort-user", "start-artim"], next: "Sta13" },
  "AA-2": { effects: ["stop-artim", "close-transport"], next: "Sta1" },
  "AA-3": { effects: ["indicate-abort", "close-transport"], next: "Sta1" },
  "AA-4": { effects: ["indicate-provider-abort"], next: "Sta1" },
  "AA-5": { effects: ["stop-artim"], next: "Sta1" },
  "AA-6": { effects: [], next: "Sta13" },
  "AA-7": { effects: ["send-abort-provider"], next: "Sta13" },
  "AA-8": { effects: ["send-abort-provider", "indicate-provider-abort", "start-artim"], next: "Sta13" },
};
