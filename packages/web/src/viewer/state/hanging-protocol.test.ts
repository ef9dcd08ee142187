import { describe, expect, it } from "vitest";
import { stackJson } from "../../test/slices.ts";
import { displaySetsOf } from "../model/display-sets.ts";
import { hang, parseProtocols, protocolFits } from "./hanging-protocol.ts";
import shipped from "./hanging-protocols.json" with { type: "json" };
import { queryFromState, reduce, stateFromQuery } from "./viewer-state.ts";

describe("hanging protocols", () => {
  const facts = { modalities: ["CT", "SR"], description: "CT Head", hasPrior: false };
  const protocol = {
    name: "Head",
    study: { modality: ["CT"], description: "head|brain" },
    layout: [1, 2] as const,
    panes: [{ plane: "axial" as const }, { prior: true }],
  };

  it("fit by modality and description", () => {
    expect(protocolFits(protocol, facts)).toBe(true);
    expect(protocolFits(protocol, { ...facts, description: "Abdomen" })).toBe(false);
    expect(protocolFits({ ...protocol, study: { hasPrior: true } }, facts)).toBe(false);
  });
  it("put sets into panes, each once, priors where they are asked for", () => {
    const [current] = displaySetsOf(stackJson(9), "");
    if (current === undefined) throw new Error("no set");
    const prior = { ...current, id: "prior" };
    const hung = hang(protocol, [current], [prior], () => 4);
    expect(hung.panes).toEqual([
      { setId: current.id, index: 4 },
      { setId: "prior", index: 4 },
    ]);
    expect(hang(protocol, [current], [], () => 0).panes[1]?.setId).toBeUndefined();
  });
  it("are checked when they are written", () => {
    expect(parseProtocols(JSON.stringify(shipped))).toHaveLength(shipped.length);
    expect(parseProtocols("[{]")).toEqual(expect.any(String));
    expect(parseProtocols('[{"name":"x","study":{},"layout":[4,1],"panes":[]}]')).toContain("layout");
  });
});

describe("the state of the viewer", () => {
  it("is in the address and comes back from it", () => {
    let state = stateFromQuery(new URLSearchParams("layout=1x2&show=1.2@20;1.3/4.5@3&tool=length&sync=1"));
    state = reduce(state, { kind: "index", pane: 0, index: 30 });
    const query = queryFromState(state);
    expect(query).toMatchObject({ layout: "1x2", show: "1.2@31;1.3/4.5@3", tool: "length", sync: "1" });
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    expect(stateFromQuery(new URLSearchParams(given))).toEqual(state);
  });
  it("does not believe an address", () => {
    const state = stateFromQuery(new URLSearchParams("layout=99x-1&show=@@&tool=drill&active=7"));
    expect(state).toMatchObject({ rows: 1, columns: 1, tool: "window", active: 0 });
  });
});
