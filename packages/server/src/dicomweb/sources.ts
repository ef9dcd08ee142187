/** Which source each id of the server's face stands for, and where its failures are logged. */
import { DicomwebPeer, DimsePeer, type ImageSource } from "@isocenter/archive";
import type { AppContext } from "../http/app.ts";
import { addressOf } from "../peers.ts";
import type { DicomwebOptions } from "./face.ts";
import { sendParts } from "./node/send-parts.ts";

/** More than anyone has; the oldest goes first. */
const maximumSources = 200;

export function dicomwebSources({ config, local, peers, logger, renderer }: AppContext): DicomwebOptions {
  const webPeers = new Map((config.webPeers ?? []).map((peer) => [peer.id, peer]));
  // A source keeps what it fetched for a moment, so requests for one peer share one.
  const sources = new Map<string, ImageSource>();
  const shared = (id: string, address: object, make: () => ImageSource): ImageSource => {
    const name = JSON.stringify([id, address]);
    let source = sources.get(name);
    if (source === undefined) {
      source = make();
      sources.set(name, source);
      const [oldest] = sources.keys();
      if (sources.size > maximumSources && oldest !== undefined) sources.delete(oldest);
    }
    return source;
  };
  return {
    sourceFor(id) {
      if (id === undefined) return local;
      const webPeer = webPeers.get(id);
      if (webPeer !== undefined) return shared(id, webPeer, () => new DicomwebPeer(webPeer));
      const peer = peers.get(id);
      if (peer === undefined) return undefined;
      const address = addressOf(peer);
      return shared(id, address, () => new DimsePeer(address));
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
