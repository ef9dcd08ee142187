/** Matches of a query on their way out: a table on a terminal, lines of DICOM JSON in a pipe. */
import { type DataSet, toDicomJson } from "@isocenter/dicom";
import type { OptionSpecs } from "../arguments.ts";
import type { Io } from "../command.ts";
import { table } from "../table.ts";

export const formatOptions = {
  json: { names: ["--json"], help: "One line of DICOM JSON per match; the default in a pipe." },
  table: { names: ["--table"], help: "A table; the default on a terminal." },
} as const satisfies OptionSpecs;

export interface Column {
  readonly title: string;
  readonly value: (match: DataSet) => string;
}

export const column = (keyword: string, title = keyword): Column => ({
  title,
  value: (match) => match.strings(keyword).join("\\"),
});

export class MatchWriter {
  readonly #io: Io;
  readonly #columns: readonly Column[];
  readonly #asJson: boolean;
  readonly #rows: string[][] = [];
  #count = 0;

  constructor(
    io: Io,
    given: { readonly json: boolean; readonly table: boolean },
    columns: readonly Column[],
  ) {
    this.#io = io;
    this.#columns = columns;
    this.#asJson = given.json || (!given.table && io.stdout.isTTY !== true);
  }

  add(match: DataSet): void {
    this.#count++;
    if (this.#asJson) this.#io.stdout.write(`${JSON.stringify(toDicomJson(match))}\n`);
    else this.#rows.push(this.#columns.map(({ value }) => value(match)));
  }

  end(): void {
    if (this.#asJson) return;
    const count = this.#count;
    const titles = this.#columns.map(({ title }) => title);
    if (count > 0) this.#io.stdout.write(table(titles, this.#rows, this.#io.stdout.columns));
    this.#io.stdout.write(`${count === 0 ? "no match" : count === 1 ? "1 match" : `${count} matches`}\n`);
  }
}
