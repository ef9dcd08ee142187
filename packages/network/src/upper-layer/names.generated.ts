// @generated from the tables of PS3.8 9.2 (standard/ul-*.tsv) by tools/generate.mjs. Do not edit.
/** States, events and actions of the upper layer with the standard's sense in a few words. */
export const states = ["Sta1", "Sta2", "Sta3", "Sta4", "Sta5", "Sta6", "Sta7", "Sta8", "Sta9", "Sta10", "Sta11", "Sta12", "Sta13"] as const;
export type State = (typeof states)[number];

export const events = ["Evt1", "Evt2", "Evt3", "Evt4", "Evt5", "Evt6", "Evt7", "Evt8", "Evt9", "Evt10", "Evt11", "Evt12", "Evt13", "Evt14", "Evt15", "Evt16", "Evt17", "Evt18", "Evt19"] as const;
export type Event = (typeof events)[number];

export const actions = ["AE-1", "AE-2", "AE-3", "AE-4", "AE-5", "AE-6", "AE-7", "AE-8", "DT-1", "DT-2", "AR-1", "AR-2", "AR-3", "AR-4", "AR-5", "AR-6", "AR-7", "AR-8", "AR-9", "AR-10", "AA-1", "AA-2", "AA-3", "AA-4", "AA-5", "AA-6", "AA-7", "AA-8"] as const;
export type Action = (typeof actions)[number];

export const stateDescriptions: Readonly<Record<State, string>> = {
  "Sta1": "idle",
  "Sta2": "transport open, waiting for the peer's A-ASSOCIATE-RQ",
  "Sta3": "waiting for local user to accept or reject",
  "Sta4": "waiting for transport connect to finish",
  "Sta5": "waiting for A-ASSOCIATE-AC or -RJ",
  "Sta6": "association up",
  "Sta7": "waiting for A-RELEASE-RP",
  "Sta8": "waiting for local user release response",
  "Sta9": "requestor side, waiting for local release response",
  "Sta10": "acceptor side, waiting for A-RELEASE-RP",
  "Sta11": "requestor side, waiting for A-RELEASE-RP",
  "Sta12": "acceptor side, waiting for local release response",
  "Sta13": "waiting for transport close (ARTIM running)",
};

export const eventDescriptions: Readonly<Record<Event, string>> = {
  "Evt1": "A-ASSOCIATE request",
  "Evt2": "connect confirmed",
  "Evt3": "A-ASSOCIATE-AC received",
  "Evt4": "A-ASSOCIATE-RJ received",
  "Evt5": "incoming connection",
  "Evt6": "A-ASSOCIATE-RQ received",
  "Evt7": "A-ASSOCIATE response: accept",
  "Evt8": "A-ASSOCIATE response: reject",
  "Evt9": "P-DATA request",
  "Evt10": "P-DATA-TF received",
  "Evt11": "A-RELEASE request",
  "Evt12": "A-RELEASE-RQ received",
  "Evt13": "A-RELEASE-RP received",
  "Evt14": "A-RELEASE response",
  "Evt15": "A-ABORT request",
  "Evt16": "A-ABORT received",
  "Evt17": "connection closed",
  "Evt18": "ARTIM expired",
  "Evt19": "unknown or malformed PDU received",
};

export const actionDescriptions: Readonly<Record<Action, string>> = {
  "AE-1": "open the TCP connection",
  "AE-2": "send A-ASSOCIATE-RQ",
  "AE-3": "tell the user the association was accepted",
  "AE-4": "tell the user it was rejected; close TCP",
  "AE-5": "accept TCP; start ARTIM",
  "AE-6": "stop ARTIM; if the request is acceptable at UL level tell the user (Sta3), else send A-ASSOCIATE-RJ and start ARTIM (Sta13)",
  "AE-7": "send A-ASSOCIATE-AC",
  "AE-8": "send A-ASSOCIATE-RJ; start ARTIM",
  "DT-1": "send P-DATA-TF",
  "DT-2": "hand received data to the user",
  "AR-1": "send A-RELEASE-RQ",
  "AR-2": "tell the user a release was requested",
  "AR-3": "confirm the release to the user; close TCP",
  "AR-4": "send A-RELEASE-RP; start ARTIM",
  "AR-5": "stop ARTIM",
  "AR-6": "hand received data to the user (while releasing)",
  "AR-7": "send P-DATA-TF (while peer waits for release)",
  "AR-8": "release collision: tell the user; association requestor goes to Sta9, acceptor to Sta10",
  "AR-9": "send A-RELEASE-RP",
  "AR-10": "confirm the release to the user",
  "AA-1": "send A-ABORT with source 0 (service-user); start ARTIM, or restart it if it runs",
  "AA-2": "stop ARTIM if running; close TCP",
  "AA-3": "tell the user: A-ABORT if peer user aborted, A-P-ABORT if peer provider aborted; close TCP",
  "AA-4": "tell the user A-P-ABORT",
  "AA-5": "stop ARTIM",
  "AA-6": "ignore the PDU",
  "AA-7": "send A-ABORT",
  "AA-8": "send A-ABORT (source 2, service-provider); tell the user A-P-ABORT; start ARTIM",
};
