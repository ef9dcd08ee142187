/** Keeps the archive's quota: looks every so often, and once at the start. */
import type { LocalArchive } from "@isocenter/archive";
import type { Logger } from "pino";
import type { QuotaConfig } from "../config/config.ts";
import type { AccessLog } from "./access-log.ts";

const gib = 2 ** 30;

/** @returns what stops it, when the removal under way is done */
export function keepQuota(
  archive: Pick<LocalArchive, "enforceQuota">,
  { maximumGiB, maximumAgeDays, everyMinutes = 15 }: QuotaConfig,
  { logger, audit }: { readonly logger: Logger; readonly audit: AccessLog },
): () => Promise<void> {
  const stopping = new AbortController();
  const quota = { maximumBytes: maximumGiB === undefined ? undefined : maximumGiB * gib, maximumAgeDays };
  let running: Promise<void> = Promise.resolve();
  const look = (): void => {
    running = enforce();
  };
  const enforce = async (): Promise<void> => {
    try {
      const { removed, satisfied } = await archive.enforceQuota(quota, { signal: stopping.signal });
      for (const { studyInstanceUid } of removed) {
        const who = { user: "quota" };
        audit.add({ event: "instances-deleted", who, outcome: "success", studies: [studyInstanceUid] });
      }
      if (removed.length > 0) logger.info({ removed: removed.length }, "studies were removed by the quota");
      if (!satisfied) logger.warn("the quota is exceeded by studies that are protected");
    } catch (error) {
      if (!stopping.signal.aborted) logger.error({ err: error }, "the quota could not be enforced");
    }
  };
  look();
  const timer = setInterval(look, everyMinutes * 60_000);
  return async () => {
    clearInterval(timer);
    stopping.abort(new Error("the server stops"));
    await running;
  };
}
