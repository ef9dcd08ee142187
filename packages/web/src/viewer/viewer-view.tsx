/** The viewer: a study's series on the left, its images in panes, tools above them. */
import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { useText } from "../messages/use-text.ts";
import { navigate } from "../routing/use-route.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { hasWebGl, renderingEngine } from "./engine/engine.ts";
import { decodePool } from "./engine/image-loader.ts";
import { keepFramesOf } from "./engine/frame-registry.ts";
import { Stage } from "./engine/stage.ts";
import { ViewportGrid } from "./grid/viewport-grid.tsx";
import { usePatientStudies } from "./load/use-patient-studies.ts";
import { useStudy } from "./load/use-study.ts";
import { OverlaysContext } from "./overlays/overlays-context.ts";
import { useOverlays } from "./overlays/use-overlays.ts";
import { AskText, type TextQuestion } from "./measure/ask-text.tsx";
import { useKeyImages } from "./measure/use-key-images.ts";
import { useMeasurements } from "./measure/use-measurements.ts";
import { SeriesRail } from "./rail/series-rail.tsx";
import { SidePanel } from "./side/side-panel.tsx";
import { StageContext } from "./stage-context.ts";
import { startOf, useHanging } from "./state/use-hanging.ts";
import { queryFromState, reduce, stateFromQuery } from "./state/viewer-state.ts";
import { StatusBar } from "./status-bar.tsx";
import { Toolbar } from "./toolbar/toolbar.tsx";
import { useViewerKeys } from "./use-viewer-keys.ts";
import { VolumeView } from "./volume/volume-view.tsx";
import "./viewer.css";

/** Starts what takes time before anyone waits for it: the rendering library and the decoding workers. */
export function warmUp(): void {
  renderingEngine();
  decodePool();
}

export function ViewerView({
  study: uid,
  query,
}: {
  readonly study: string;
  readonly query: URLSearchParams;
}) {
  const { viewer: text } = useText();
  const source = query.get("source") ?? undefined;
  const priorUid = query.get("prior") ?? "";
  const study = useStudy(source, uid);
  const prior = useStudy(source, priorUid);
  const [state, dispatch] = useReducer(reduce, query, stateFromQuery);
  const [stage, setStage] = useState<Stage | undefined>();
  const [question, setQuestion] = useState<TextQuestion | undefined>();
  const sets = useMemo(
    () => [...study.sets, ...prior.sets],
    [study.sets.map(({ id }) => id).join(), prior.sets.map(({ id }) => id).join()],
  );
  const patientStudies = usePatientStudies(source, study.about);
  const measurements = useMeasurements(stage, sets, source);
  const keys = useKeyImages(sets, source);
  const overlays = useOverlays(sets, source);

  useEffect(() => {
    const made = new Stage();
    made.askText = (done) =>
      setQuestion({
        done: (answer) => {
          setQuestion(undefined);
          done(answer);
        },
      });
    setStage(made);
    return () => {
      made.destroy();
      setStage(undefined);
    };
  }, []);
  // Those of the study before leave when the next is there: its frames may be the same.
  useEffect(() => keepFramesOf(new Set([uid, priorUid])), [uid, priorUid]);
  useEffect(() => stage?.useTool(state.tool), [stage, state.tool]);
  useEffect(() => stage?.setSmooth(state.isSmooth), [stage, state.isSmooth]);
  useHanging(study, prior, state, dispatch, query.get("image"));
  useAddress(uid, source, priorUid, state);
  useViewerKeys(stage, state, dispatch, (frame) => keys.toggle(frame));
  const activeSet = sets.find(({ id }) => id === state.panes[state.active]?.setId);
  const canVolume = hasWebGl() && activeSet?.isVolume === true;
  const openPrior = (other: string): void =>
    navigate(["view", uid], { source, prior: other === priorUid ? undefined : other });

  if (study.error !== null) {
    return (
      <main className="page">
        <ProblemPanel error={study.error} onRetry={() => study.reload()} />
      </main>
    );
  }
  return (
    <StageContext value={stage}>
      <OverlaysContext value={overlays}>
        <div className="viewer">
          <Toolbar
            state={state}
            dispatch={dispatch}
            stage={stage}
            set={activeSet}
            sets={sets}
            canVolume={canVolume}
            study={study}
            prior={prior}
          />
          <SeriesRail
            study={study}
            prior={priorUid === "" ? undefined : prior}
            others={patientStudies}
            state={state}
            onShow={(set) =>
              dispatch({ kind: "show", pane: state.active, setId: set.id, index: startOf(set) })
            }
            onPrior={openPrior}
          />
          <main className="stage" id="main" tabIndex={-1}>
            <h1 className="visually-hidden">{text.title}</h1>
            {stage !== undefined && state.mode === "stack" && (
              <ViewportGrid
                state={state}
                dispatch={dispatch}
                sets={sets}
                source={source}
                isLoading={study.isLoading}
                keyImages={keys.marked}
              />
            )}
            {stage !== undefined && state.mode !== "stack" && activeSet !== undefined && (
              <VolumeView
                key={activeSet.id + state.mode}
                set={activeSet}
                mode={state.mode}
                canShow={canVolume}
              />
            )}
          </main>
          {state.sidePanel !== "none" && (
            <SidePanel
              measurements={measurements}
              keys={keys}
              sets={sets}
              onGo={(setId, index) => {
                dispatch({ kind: "show", pane: state.active, setId, index });
                stage?.jump(state.active, index);
              }}
              onClose={() => dispatch({ kind: "side" })}
            />
          )}
          <StatusBar set={activeSet} />
          {question !== undefined && <AskText question={question} />}
        </div>
      </OverlaysContext>
    </StageContext>
  );
}

/** Keeps the address as the viewer is, a moment after it changed: scrolling is no reason to write it each time. */
function useAddress(
  uid: string,
  source: string | undefined,
  prior: string,
  state: ReturnType<typeof stateFromQuery>,
): void {
  const timer = useRef(0);
  useEffect(() => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      if (!location.hash.startsWith(`#/view/${uid}`)) return;
      navigate(
        ["view", uid],
        { source, prior, ...queryFromState(state) },
        { replace: true, state: history.state },
      );
    }, 250);
    return () => clearTimeout(timer.current);
  }, [uid, source, prior, state]);
}
