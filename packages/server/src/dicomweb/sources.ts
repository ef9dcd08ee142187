/** Which source each id of the server's face stands for, and where its failures are logged. */
import { DimsePeer } from "@isocenter/archive";
import type { AppContext } from "../http/app.ts";
import { addressOf } from "../peers.ts";
import type { DicomwebOptions } from "./face.ts";
import { sendParts } from "./node/send-parts.ts";

export function dicomwebSources({ local, peers, logger }: AppContext): DicomwebOptions {
  return {
    sourceFor(id) {
      if (id === undefined) return local;
      const peer = peers.get(id);
      return peer === undefined ? undefined : new DimsePeer(addressOf(peer));
    },
    sendParts,
    onError(error, { status, code }) {
      if (status >= 500) logger.error({ err: error, code }, "DICOMweb request failed");
      else logger.info({ code }, "DICOMweb request answered with a problem");
    },
  };
}
