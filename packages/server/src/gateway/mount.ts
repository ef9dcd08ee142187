/** The DICOMweb face over this server's sources: the archive at `/dicom-web`, each peer at `/dicom-web/<id>`. */
import type { ImageSource } from "@isocenter/archive";
import type { Logger } from "pino";
import type { ServerConfig } from "../config/config.ts";
import type { DicomwebOptions } from "../dicomweb/face.ts";
import { sendParts } from "../dicomweb/node/send-parts.ts";
import type { Renderer } from "../dicomweb/renderer.ts";
import type { GatewaySources } from "./gateway-sources.ts";
import type { PeerRegistry } from "../peers/registry.ts";

export interface GatewayContext {
  readonly config: Pick<ServerConfig, "publicOrigin">;
  readonly local: ImageSource;
  readonly peers: PeerRegistry;
  readonly gateways: GatewaySources;
  readonly logger: Logger;
  readonly renderer?: Renderer;
}

export function gateway({
  config,
  local,
  peers,
  gateways,
  logger,
  renderer,
}: GatewayContext): DicomwebOptions {
  return {
    sourceFor(id) {
      if (id === undefined) return local;
      const peer = peers.get(id);
      return peer === undefined ? undefined : gateways.of(peer);
    },
    sendParts,
    ...(renderer === undefined ? {} : { renderer }),
    ...(config.publicOrigin === undefined ? {} : { publicOrigin: config.publicOrigin }),
    onError(error, { status, code }) {
      if (status >= 500) logger.error({ err: error, code }, "DICOMweb request failed");
      else logger.info({ code }, "DICOMweb request answered with a problem");
    },
  };
}
