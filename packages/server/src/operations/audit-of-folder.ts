/** The audit trail of a data folder, for work on it while no server runs. */
import { join } from "node:path";
import type { ServerConfig } from "../config/config.ts";
import { openState, type StateDatabase } from "../state/state-database.ts";
import { AccessLog } from "./access-log.ts";
import { auditHead, type AuditVerified, noAudit, openAuditTrail, verifyAuditTrail } from "./audit-trail.ts";

const pathOf = ({ audit, dataFolder }: Pick<ServerConfig, "audit" | "dataFolder">): string =>
  audit === undefined || audit === false ? join(dataFolder, "audit.jsonl") : audit.file;

/** @throws StateError, AuditError */
export async function openAuditOf(
  config: Pick<ServerConfig, "audit" | "dataFolder">,
): Promise<AccessLog & AsyncDisposable> {
  const state = openState(config.dataFolder);
  let failure: unknown;
  const onError = (error: unknown): void => {
    failure ??= error;
  };
  const trail = config.audit === false ? noAudit : await openAuditTrail(pathOf(config), state, onError);
  const log = new AccessLog(trail);
  const dispose = async (): Promise<void> => {
    await log.close();
    state.close();
    if (failure !== undefined) throw failure;
  };
  return Object.assign(log, { [Symbol.asyncDispose]: dispose });
}

/** @throws AuditError when there is no trail */
export async function verifyAuditOf(
  config: Pick<ServerConfig, "audit" | "dataFolder">,
): Promise<AuditVerified> {
  let state: StateDatabase | undefined;
  try {
    state = openState(config.dataFolder);
    return await verifyAuditTrail(pathOf(config), auditHead(state));
  } finally {
    state?.close();
  }
}
