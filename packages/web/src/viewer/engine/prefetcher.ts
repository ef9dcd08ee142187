/**
 * Loads the images around the one that is looked at, nearest first and more of them ahead in the direction of scrolling,
 * until the series is here or its share of the memory is used.
 */
import { cache, imageLoader } from "@cornerstonejs/core";
import { decodePool } from "./image-loader.ts";

const atOnce = 6;
/** The rest is for other panes, and for what was just looked at. */
const shareOfBudget = 0.7;

export class Prefetcher {
  #ids: readonly string[] = [];
  #at = 0;
  #direction = 1;
  #underWay = 0;
  #bytesPerImage = 0;
  #isStopped = false;
  readonly #failed = new Set<string>();
  readonly #onProgress: (loaded: number) => void;

  constructor(onProgress: (loaded: number) => void = () => undefined) {
    this.#onProgress = onProgress;
  }

  follow(ids: readonly string[], at: number): void {
    if (ids !== this.#ids) this.#failed.clear();
    else if (at !== this.#at) this.#direction = at > this.#at ? 1 : -1;
    this.#ids = ids;
    this.#at = at;
    this.#isStopped = false;
    setTimeout(() => this.#tell(), 0);
    this.#fill();
  }

  stop(): void {
    this.#isStopped = true;
    const mine = new Set(this.#ids);
    decodePool().drop((key) => !mine.has(key));
  }

  /** How far from the current image is worth loading, in images to either side. */
  get reach(): number {
    if (this.#bytesPerImage === 0) return 12;
    const most = Math.floor((cache.getMaxCacheSize() * shareOfBudget) / this.#bytesPerImage);
    return most >= this.#ids.length ? this.#ids.length : Math.floor(most / 2);
  }

  #fill(): void {
    while (!this.#isStopped && this.#underWay < atOnce) {
      const id = this.#next();
      if (id === undefined) break;
      this.#underWay++;
      void this.#load(id);
    }
  }

  async #load(id: string): Promise<void> {
    try {
      const image = await imageLoader.loadAndCacheImage(id, { priority: 0, requestType: "prefetch" });
      this.#bytesPerImage = image.sizeInBytes;
    } catch {
      // Whoever looks at this image is told; here it is only not tried again.
      this.#failed.add(id);
    }
    this.#underWay--;
    // The cache hears of the image after us.
    setTimeout(() => this.#tell(), 0);
    this.#fill();
  }

  #tell(): void {
    if (!this.#isStopped)
      this.#onProgress(this.#ids.reduce((count, one) => count + (cache.isLoaded(one) ? 1 : 0), 0));
  }

  #next(): string | undefined {
    const reach = this.reach;
    for (let step = 0; step <= reach; step++) {
      for (const at of [
        this.#at + step * this.#direction,
        this.#at - Math.floor(step / 3) * this.#direction,
      ]) {
        const id = this.#ids[at];
        if (id === undefined || this.#failed.has(id)) continue;
        if (cache.getImageLoadObject(id) === undefined) return id;
      }
    }
    return this.#ids.find(
      (id, at) =>
        Math.abs(at - this.#at) <= reach &&
        !this.#failed.has(id) &&
        cache.getImageLoadObject(id) === undefined,
    );
  }
}
