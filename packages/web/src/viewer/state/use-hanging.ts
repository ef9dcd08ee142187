/** Fills the panes when a study opens: as the address says, else by the first hanging protocol that fits. */
import { type Dispatch, useEffect, useRef } from "react";
import { Tag, text } from "../../dicom/attributes.ts";
import { readStored } from "../../shell/stored.ts";
import type { LoadedStudy } from "../load/use-study.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import own from "./hanging-protocols.json" with { type: "json" };
import { type HangingProtocol, hang, protocolFits } from "./hanging-protocol.ts";
import type { ViewerAction, ViewerState } from "./viewer-state.ts";

export const protocolsKey = "hanging-protocols";

export function allProtocols(): readonly HangingProtocol[] {
  return [
    ...readStored<readonly HangingProtocol[]>(protocolsKey, []),
    ...(own as unknown as readonly HangingProtocol[]),
  ];
}

/** @param wanted SOP Instance UID of the image that the address points at */
export function useHanging(
  study: LoadedStudy,
  prior: LoadedStudy,
  state: ViewerState,
  dispatch: Dispatch<ViewerAction>,
  wanted: string | null,
): void {
  const hungFor = useRef("");
  const hasPrior = prior.uid !== "";
  const isPriorReady = !hasPrior || prior.sets.some(({ kind }) => kind === "images");
  const isReady = study.sets.length > 0 && isPriorReady;
  useEffect(() => {
    const key = `${study.uid} ${prior.uid}`;
    if (!isReady || hungFor.current === key) return;
    const isFirst = hungFor.current === "";
    const isGiven = isFirst && state.panes.some(({ setId }) => setId !== undefined);
    const images = study.sets.filter(({ kind }) => kind === "images");
    // Nothing to see may still come: a report's series can be faster than that of the images.
    const isComplete = study.series.every(({ sets, error }) => sets !== undefined || error !== null);
    if (!isGiven && images.length === 0 && !isComplete) return;
    hungFor.current = key;
    if (isGiven) return;
    if (wanted !== null) {
      const set = study.sets.find(({ frames }) =>
        frames.some(({ sopInstanceUid }) => sopInstanceUid === wanted),
      );
      if (set !== undefined) {
        const index = set.frames.findIndex(({ sopInstanceUid }) => sopInstanceUid === wanted);
        dispatch({ kind: "show", pane: 0, setId: set.id, index });
        return;
      }
    }
    if (isFirst && state.panes.length > 1 && images.length > 0) {
      // A layout was asked for, and not what goes into it: the series in their order.
      const panes = state.panes.map((_, at) => {
        const set = images[at];
        return { setId: set?.id, index: set === undefined ? 0 : startOf(set) };
      });
      const { rows, columns, isSynchronised } = state;
      dispatch({ kind: "panes", panes, rows, columns, isSynchronised });
      return;
    }
    const facts = {
      modalities: [...new Set(study.series.map(({ modality }) => modality))],
      description: text(study.about, Tag.StudyDescription) ?? "",
      hasPrior,
    };
    const protocol = allProtocols().find((one) => protocolFits(one, facts));
    const [first] = study.sets;
    if (protocol === undefined || images.length === 0) {
      if (first !== undefined) dispatch({ kind: "show", pane: 0, setId: first.id });
      return;
    }
    applyProtocol(protocol, study.sets, prior.sets, dispatch);
  }, [study, prior, state.panes, dispatch, wanted, hasPrior, isReady]);
}

export function applyProtocol(
  protocol: HangingProtocol,
  current: readonly DisplaySet[],
  prior: readonly DisplaySet[],
  dispatch: Dispatch<ViewerAction>,
): void {
  const { rows, columns, panes, isSynchronised } = hang(protocol, current, prior, startOf);
  dispatch({ kind: "panes", panes, rows, columns, isSynchronised });
}

/** A stack of a volume opens in its middle, where there is something to see; films and cines at their beginning. */
export function startOf(set: DisplaySet): number {
  return set.isCine || set.frames.length < 5 ? 0 : Math.floor(set.frames.length / 2);
}
