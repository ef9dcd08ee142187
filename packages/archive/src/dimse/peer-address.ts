/** Where a DICOM peer is, how it is to be used, and how associations to it are opened. */
import { TransferSyntax } from "@isocenter/dicom";
import type { AssociateOptions, Association, PresentationContextProposal } from "@isocenter/network";
import type { MoveReceiver } from "./move-receiver.ts";

export interface DimsePeerAddress {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

export interface DimsePeerOptions {
  /** Associations at a time for storing and retrieving. Default 1. */
  readonly parallel?: number;
  /** How to retrieve. Default `auto`: C-GET, and C-MOVE when the peer has no C-GET. */
  readonly retrieve?: "auto" | "get" | "move";
  /** Where a C-MOVE sends: the listener that the peer knows by this desk's AE title. */
  readonly receiver?: MoveReceiver;
  /** Options for every association: timeouts, identity, observer. */
  readonly association?: Partial<AssociateOptions>;
  /** Opens associations. Default: TCP to the address. */
  readonly connect?: PeerConnect;
}

export type PeerConnect = (address: DimsePeerAddress, options: AssociateOptions) => Promise<Association>;

/** Data sets of queries are small: explicit first, because it carries the VRs of private keys. */
export const queryTransferSyntaxes = [
  TransferSyntax.ExplicitVRLittleEndian,
  TransferSyntax.ImplicitVRLittleEndian,
];

/** What retrieving needs of a peer. */
export interface PeerAssociations {
  readonly address: DimsePeerAddress;
  readonly options: DimsePeerOptions;
  /** @throws NetworkError */
  associate(
    contexts: readonly PresentationContextProposal[],
    options?: Partial<AssociateOptions>,
  ): Promise<Association>;
}
