export interface FuzzResult {
  readonly cases: number;
  /** How the associations ended: error codes, `released`, `stalled`. */
  readonly tally: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly seed: number; readonly bytes: Uint8Array; readonly why: string }[];
  readonly heapBytes: number;
}

export function runCases(options: {
  readonly seed: number;
  readonly cases: number;
  /** Stops then, however many cases are left. */
  readonly milliseconds?: number;
}): Promise<FuzzResult>;
