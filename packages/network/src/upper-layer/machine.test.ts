/** The machine against PS3.8 Table 9-10, cell by cell, from the table the standard's text was compared with. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isPossible, transition } from "./machine.ts";
import type { Event, State } from "./names.generated.ts";

const lines = readFileSync(new URL("../../../dicom/standard/ul-state-machine.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [State, Event, string, string]);

describe("the upper layer's transitions", () => {
  it("have all 13 states and 19 events in the table they are compared with", () => {
    expect(lines).toHaveLength(13 * 19);
    expect(new Set(lines.map(([state, event]) => `${state} ${event}`)).size).toBe(13 * 19);
  });

  it.each(lines.filter(([, , action]) => action !== "-"))(
    "%s %s does %s and goes to %s",
    (state, event, action, next) => {
      const outcomes = new Set<string>();
      for (const role of ["requestor", "acceptor"] as const) {
        for (const acceptable of [true, false]) {
          const done = transition(state, event, { role, acceptable });
          expect(done.action).toBe(action);
          outcomes.add(done.next);
        }
      }
      expect([...outcomes]).toEqual(next.split("|"));
    },
  );

  it("refuse every event that the table leaves empty", () => {
    const empty = lines.filter(([, , action]) => action === "-");
    expect(empty.length).toBeGreaterThan(0);
    for (const [state, event] of empty) {
      expect(isPossible(state, event), `${state} ${event}`).toBe(false);
      expect(() => transition(state, event, { role: "requestor" })).toThrowError(
        expect.objectContaining({ name: "LocalProtocolError" }),
      );
    }
  });
});
