/** @isocenter/network: the DICOM upper layer, DIMSE and its services, without any I/O of its own. */
export {
  type AcceptorOptions,
  type RequestContext,
  ServedAssociation,
  type Services,
  type StatusAnswer,
  type StoreRequest,
  serveAssociation,
} from "./acceptor.ts";
export {
  type AcceptedAssociation,
  type AssociateOptions,
  Association,
  associateOver,
  type CallOptions,
  type StoreInstance,
  type WithStatus,
} from "./association.ts";
export { Status, statusOf } from "./dimse/status.ts";
export type {
  CEchoRsp,
  CFindRq,
  CFindRsp,
  Command,
  CommandKind,
  CStoreRq,
  CStoreRsp,
} from "./dimse/types.ts";
export {
  AssociationAbortedError,
  AssociationRejectedError,
  type DimseStatus,
  DimseStatusError,
  LocalProtocolError,
  NetworkError,
  type NetworkErrorCode,
  RemoteProtocolError,
  TimeoutError,
  type TimerName,
} from "./errors.ts";
export type {
  AAssociateRq,
  ContextResult,
  PresentationContextNegotiated,
  PresentationContextProposal,
} from "./pdu/types.ts";
export {
  type FindModel,
  ModalityWorklistFind,
  PatientRootFind,
  type ServiceClass,
  StudyRootFind,
  Verification,
} from "./services/models.ts";
export { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
export type { Transport, TransportHandlers } from "./transport.ts";
