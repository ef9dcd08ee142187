/** Plain tables for a terminal, and text that is safe to print there. */

/**
 * Columns as wide as their content, the header underlined.
 * @param width characters available; the last column is cut to fit
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], width = 160): string {
  const all = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ""))));
  const line = (row: readonly string[]): string =>
    cut(
      row
        .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell))))
        .join("  ")
        .trimEnd(),
      width,
    );
  const [head = [], ...body] = all;
  return `${[line(head), cut(widths.map((one) => "─".repeat(one)).join("  "), width), ...body.map(line)].join("\n")}\n`;
}

/** Values come from files and peers: control characters must not drive the terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "·");
}

/** East Asian wide characters take two columns. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1;
  return width;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
