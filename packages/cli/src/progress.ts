/** Progress on standard error in a line that rewrites itself; silent when that is not a terminal. */
import type { Io } from "./command.ts";

const intervalMs = 100;
const barWidth = 24;

export class Progress {
  readonly #out: Io["stderr"];
  readonly #verb: string;
  readonly #start = performance.now();
  #total: number | undefined;
  #last = 0;
  #shown = false;

  constructor(out: Io["stderr"], verb: string, total?: number) {
    this.#out = out;
    this.#verb = verb;
    this.#total = total;
  }

  /** Where it becomes known later how many there are. */
  expect(total: number | undefined): void {
    this.#total = total;
  }

  /** @param bytes so far, where the rate is better told in them */
  count(done: number, bytes?: number): void {
    const now = performance.now();
    if (this.#out.isTTY !== true || now - this.#last < intervalMs) return;
    this.#last = now;
    this.#shown = true;
    const line = progressLine(this.#verb, done, this.#total, bytes, (now - this.#start) / 1000);
    this.#out.write(`\r\u001b[K${line.slice(0, (this.#out.columns ?? 120) - 1)}`);
  }

  clear(): void {
    if (!this.#shown) return;
    this.#out.write("\r\u001b[K");
    this.#shown = false;
  }
}

/** `████░░░░ 120/400 sent, 52.1 MB/s, 14 s left`. */
export function progressLine(
  verb: string,
  done: number,
  total: number | undefined,
  bytes: number | undefined,
  seconds: number,
): string {
  const elapsed = Math.max(0.001, seconds);
  const rate =
    bytes === undefined ? `${Math.round(done / elapsed)}/s` : `${(bytes / 1e6 / elapsed).toFixed(1)} MB/s`;
  if (total === undefined || total === 0) return `${done} ${verb}, ${rate}`;
  const part = Math.min(1, done / total);
  const full = Math.round(part * barWidth);
  const left = done === 0 ? "" : `, ${duration((elapsed * (total - done)) / done)} left`;
  return `${"█".repeat(full)}${"░".repeat(barWidth - full)} ${done}/${total} ${verb}, ${rate}${left}`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
