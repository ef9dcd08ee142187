/** Dates as people say them, in DICOM's form. */
import { UsageError } from "../usage-error.ts";

const dayMs = 86_400_000;
const relative: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

/** @returns YYYYMMDD, a range, or undefined for any @throws UsageError */
export function dateOption(text: string, now: Date): string | undefined {
  if (text === "any") return undefined;
  const days = relative[text];
  if (days !== undefined) return dicomDate(new Date(now.getTime() + days * dayMs));
  const plain = text.replace(/(\d{4})-(\d{2})-(\d{2})/g, "$1$2$3");
  if (/^(\d{8}|\d{8}-|-\d{8}|\d{8}-\d{8})$/.test(plain)) return plain;
  throw new UsageError(
    `"${text}" is no date: use today, tomorrow, yesterday, YYYYMMDD, YYYYMMDD-YYYYMMDD or any.`,
  );
}

/** YYYYMMDD by the clock on the wall. */
export const dicomDate = (date: Date): string =>
  `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;

/** HHMMSS by the clock on the wall. */
export const dicomTime = (date: Date): string =>
  two(date.getHours()) + two(date.getMinutes()) + two(date.getSeconds());

const two = (number: number): string => String(number).padStart(2, "0");
