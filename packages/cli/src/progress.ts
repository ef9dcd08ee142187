/** A counter on standard error that rewrites its line; silent when that is not a terminal. */
import type { Io } from "./command.ts";

const intervalMs = 100;

export class Progress {
  readonly #out: Io["stderr"];
  readonly #verb: string;
  readonly #start = performance.now();
  #last = 0;
  #shown = false;

  constructor(out: Io["stderr"], verb: string) {
    this.#out = out;
    this.#verb = verb;
  }

  count(done: number): void {
    const now = performance.now();
    if (this.#out.isTTY !== true || now - this.#last < intervalMs) return;
    this.#last = now;
    this.#shown = true;
    const rate = Math.round(done / Math.max(0.001, (now - this.#start) / 1000));
    this.#out.write(`\r\u001b[K${done} ${this.#verb}, ${rate}/s`);
  }

  clear(): void {
    if (!this.#shown) return;
    this.#out.write("\r\u001b[K");
    this.#shown = false;
  }
}
