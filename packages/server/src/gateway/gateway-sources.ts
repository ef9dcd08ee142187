/** The source that the gateway answers from for each peer: the peer, what it lacks, and a cache where it is to have one. */
import type { ImageSource, InstanceStream, StoreOutcome } from "@isocenter/archive";
import { type PeerEntry, settingsOf } from "../peers/peer.ts";
import type { PeerSources } from "../peers/peer-sources.ts";
import { CachedSource, type CacheArchive } from "./cached-source.ts";
import { GatewaySource } from "./gateway-source.ts";
import { Shelf } from "./shelf.ts";

export interface GatewaySourcesOptions {
  readonly sources: PeerSources;
  /** Where peers with a cache have it; none without. */
  readonly cache?: CacheArchive & {
    storeOne(instance: InstanceStream): Promise<StoreOutcome>;
  };
  /** Memory for instances, over all peers. Default 256. */
  readonly memoryMiB?: number | undefined;
}

const mostSources = 200;

export class GatewaySources {
  readonly #options: GatewaySourcesOptions;
  readonly #shelf: Shelf;
  readonly #sources = new Map<string, ImageSource>();

  constructor(options: GatewaySourcesOptions) {
    this.#options = options;
    this.#shelf = new Shelf((options.memoryMiB ?? 256) * 2 ** 20);
  }

  of(peer: PeerEntry): ImageSource {
    const name = JSON.stringify(settingsOf(peer));
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = this.#make(peer, name);
      this.#sources.set(name, source);
      const [oldest] = this.#sources.keys();
      if (this.#sources.size > mostSources && oldest !== undefined) this.#sources.delete(oldest);
    }
    return source;
  }

  #make(peer: PeerEntry, name: string): ImageSource {
    const { sources, cache } = this.#options;
    const own = sources.of(peer);
    const cached = peer.cache === true ? cache : undefined;
    // A DICOMweb service has everything itself, but text without its character set is not sent as JSON.
    if (peer.protocol === "dicomweb" && cached === undefined) return own;
    const whole = new GatewaySource({
      // Another address under the same id is another peer.
      peer: name,
      source: own,
      shelf: this.#shelf,
      characterSet: peer.characterSet,
      parallel: peer.protocol === "dimse" ? peer.parallel : undefined,
      ...(cached === undefined
        ? {}
        : {
            onInstance: async (instance) => {
              // An outcome, not an error: what cannot be kept is still sent on.
              await cached.storeOne(instance);
            },
          }),
    });
    return cached === undefined ? whole : new CachedSource(whole, cached);
  }
}
