/** How much memory decoded images may take, and how much they do. */
import { cache } from "@cornerstonejs/core";
import { readStored, writeStored } from "../../shell/stored.ts";

const megabyte = 1024 * 1024;
const budgetKey = "image-memory";

/** A quarter of the machine's memory as far as it tells, which is 8 GB at most; 1 GB where it does not. */
export function defaultBudget(): number {
  const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
  return deviceMemory === undefined ? 1024 * megabyte : Math.max(256, deviceMemory * 256) * megabyte;
}

/** Bytes. */
export function readBudget(): number {
  const stored = readStored<number>(budgetKey, 0);
  return stored >= 64 * megabyte ? stored : defaultBudget();
}

export function writeBudget(bytes: number): void {
  writeStored(budgetKey, bytes);
  cache.setMaxCacheSize(bytes);
  const over = cache.getCacheSize() - bytes;
  if (over > 0) cache.decacheIfNecessaryUntilBytesAvailable(0);
}

export const memoryInUse = (): number => cache.getCacheSize();
