/**
 * Backpressure from several readers to one transport: it is paused while any of them wants it to be.
 */
export class FlowGate {
  readonly #flow: { pause(): void; resume(): void };
  #pauses = 0;

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  get isClosed(): boolean {
    return this.#pauses > 0;
  }

  pause(): void {
    if (this.#pauses++ === 0) this.#flow.pause();
  }

  resume(): void {
    if (--this.#pauses === 0) this.#flow.resume();
  }
}
