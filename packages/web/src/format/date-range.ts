/** Study date criteria: from two date fields to a DICOM range (PS3.4 C.2.2.2.5). */

/**
 * @param from `YYYY-MM-DD` as a date field gives it, or empty
 * @param to the same; both ends belong to the range
 * @returns `20260101-20260131`, `20260101-`, `-20260131`, one date when both are the same, or undefined for any date
 */
export function dicomDateRange(from: string, to: string): string | undefined {
  const [start, end] = [from, to].map((text) => text.replaceAll("-", ""));
  if (!start && !end) return undefined;
  if (start === end) return start;
  return `${start ?? ""}-${end ?? ""}`;
}

/** The last `days` days up to and with today, as two date fields. */
export function lastDays(days: number, today: Date): { readonly from: string; readonly to: string } {
  const first = new Date(today);
  first.setDate(first.getDate() - (days - 1));
  return { from: isoDate(first), to: isoDate(today) };
}

/** The calendar day where the reader is. */
function isoDate(day: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
