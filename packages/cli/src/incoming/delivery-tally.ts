/** What arrived, told and counted in one way by every command that receives. */
import type { Io } from "../command.ts";
import { Progress } from "../progress.ts";
import { printable } from "../table.ts";
import type { Delivery } from "./store-handler.ts";

export class DeliveryTally {
  readonly #io: Io;
  readonly #options: { readonly asJson: boolean; readonly tellEach: boolean };
  readonly progress: Progress;
  count = 0;
  failed = 0;
  bytes = 0;

  constructor(io: Io, options: { readonly asJson: boolean; readonly tellEach: boolean }) {
    this.#io = io;
    this.#options = options;
    this.progress = new Progress(io.stderr, "received");
  }

  add(delivery: Delivery): void {
    if (delivery.kind === "failed" || delivery.kind === "refused") this.failed++;
    else this.bytes += delivery.bytes;
    this.count++;
    if (this.#options.asJson) this.#io.stdout.write(`${JSON.stringify(delivery)}\n`);
    else if (delivery.kind === "failed") this.note(`${delivery.sopInstanceUid}: ${delivery.reason}`);
    else if (this.#options.tellEach)
      this.note(`${delivery.sopInstanceUid}: ${delivery.kind}, ${delivery.path}`);
    this.progress.count(this.count, this.bytes);
  }

  note(text: string): void {
    this.progress.clear();
    this.#io.stderr.write(`${printable(text)}\n`);
  }

  end(verb: string): void {
    this.progress.clear();
    if (this.#options.asJson) return;
    const failed = this.failed === 0 ? "" : `, ${this.failed} failed`;
    this.#io.stdout.write(
      `${this.count - this.failed} ${verb}, ${(this.bytes / 1e6).toFixed(1)} MB${failed}\n`,
    );
  }
}
