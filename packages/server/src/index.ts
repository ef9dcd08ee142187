/** @isocenter/server: the HTTP API and the DIMSE listener over an image source. */
export {
  checkAeTitle,
  ConfigError,
  type ConfigErrorCode,
  defaultConfig,
  formatAddress,
  type ListenAddress,
  type PeerConfig,
  parseAddress,
  type ServerConfig,
  type WebPeerConfig,
} from "./config/config.ts";
export { type ConfigFile, configFile, configJsonSchema } from "./config/file.ts";
export { hashPasscode } from "./config/users.ts";
export { type ConfigFlags, loadConfig } from "./config/load.ts";
export { type DimseFaceOptions, dimseServices, serveDimse } from "./dimse/scp.ts";
export { addDicomweb, createDicomweb, type DicomwebHandler, type DicomwebOptions } from "./dicomweb/face.ts";
export { type AppContext, createApp } from "./http/app.ts";
export { type RunningServer, type StartOptions, startServer } from "./server.ts";
export type { AccessLog } from "./operations/access-log.ts";
export { openAuditOf, verifyAuditOf } from "./operations/audit-of-folder.ts";
export { AuditError, type AuditVerified } from "./operations/audit-trail.ts";
export { StateError } from "./state/state-database.ts";
export { version } from "./version.ts";
