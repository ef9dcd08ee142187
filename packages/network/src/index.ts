/** @isocenter/network: the DICOM upper layer, DIMSE and its services, without any I/O of its own. */
export {
  type AcceptorOptions,
  type IdentityVerdict,
  ServedAssociation,
  serveAssociation,
} from "./acceptor.ts";
export { type AssociateOptions, Association, associateOver } from "./association.ts";
export { type ByteSource, chunksOf, type Outgoing } from "./dimse/outgoing.ts";
export { Priority } from "./dimse/types.ts";
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
  NoAcceptedContextError,
  type NetworkErrorCode,
  type RefusedContext,
  RemoteProtocolError,
  TimeoutError,
  type TimerName,
} from "./errors.ts";
export type {
  AcceptedAssociation,
  PresentationContextNegotiated,
  PresentationContextProposal,
  UserIdentityInit,
} from "./negotiation/types.ts";
export { maximumContexts, type ProposalOptions } from "./negotiation/propose.ts";
export type {
  AAssociateRq,
  AsynchronousOperations,
  CommonExtendedNegotiation,
  ContextResult,
  ExtendedNegotiation,
  Pdu,
  RoleSelection,
  UserIdentity,
  UserIdentityType,
} from "./pdu/types.ts";
export {
  type FindModel,
  ModalityPerformedProcedureStep,
  ModalityWorklistFind,
  PatientRootFind,
  PatientRootGet,
  PatientRootMove,
  PatientStudyOnlyFind,
  PatientStudyOnlyGet,
  PatientStudyOnlyMove,
  type RetrieveModel,
  type ServiceClass,
  StorageCommitmentPushModel,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
  storageCommitmentInstanceUid,
  Verification,
} from "./services/models.ts";
export {
  beginPerformedStep,
  endOfStep,
  mppsContext,
  mppsService,
  type PerformedStepInit,
  type PerformedStepStatus,
  type PerformedStepStore,
  performedStepOf,
  performedStepStatuses,
  setPerformedStep,
} from "./services/mpps.ts";
export {
  CommitmentFailure,
  type CommitmentRequest,
  type CommitmentResult,
  commitmentContext,
  commitmentReportContext,
  commitmentResultService,
  type FailedInstance,
  type ReferencedInstance,
  reportStorageCommitment,
  requestStorageCommitment,
  type StorageCommitmentOptions,
  storageCommitmentService,
} from "./services/storage-commitment.ts";
export { type WorklistCriteria, worklistKeys } from "./services/worklist.ts";
export { mapConcurrently } from "./services/concurrently.ts";
export { sendInstances, type SendOptions, type SendOutcome } from "./services/send-instances.ts";
export {
  acceptedSyntaxes,
  type CallOptions,
  type FindOptions,
  type GetOptions,
  type MoveOptions,
  type NormalizedOptions,
  type NormalizedResponse,
  type RetrieveOptions,
  type RetrieveProgress,
  type RetrieveResult,
  ServiceUser,
  type StoreInstance,
  type StoreOptions,
  type WithStatus,
} from "./services/service-user.ts";
export {
  type ConnectForStorage,
  IdentifierError,
  type MoveDestination,
  type NormalizedAnswer,
  type NormalizedOperation,
  type NormalizedRequest,
  type NormalizedService,
  type QueryExtensions,
  type QueryService,
  type RequestContext,
  type Retrieval,
  type RetrieveService,
  type Services,
  type StatusAnswer,
  type StorageService,
  type StoreHandler,
  type StoreRequest,
  type Transcode,
} from "./services/types.ts";
export {
  type AssociationEvent,
  type AssociationEventDetail,
  type AssociationObserver,
  type Direction,
  type ObserveOptions,
} from "./timeline.ts";
export { type Clock, defaultTimeouts, systemClock, type Timeouts } from "./timers.ts";
export type {
  PeerCertificate,
  Transport,
  TransportDescription,
  TransportHandlers,
  TransportSecurity,
} from "./transport.ts";
