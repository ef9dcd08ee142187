/** MPR with crosshairs, maximum intensity projections, and the volume in space. */
import { useEffect, useRef, useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { isSoftwareWebGl } from "../engine/engine.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import { useStage } from "../stage-context.ts";
import type { Mode } from "../state/viewer-state.ts";
import { PlaneLetters } from "./plane-letters.tsx";
import { planes, type PlaneName, VolumeStage, VolumeTooLarge, volumePresets } from "./volume-stage.ts";

export function VolumeView({
  set,
  mode,
  canShow,
}: {
  readonly set: DisplaySet;
  readonly mode: Exclude<Mode, "stack">;
  readonly canShow: boolean;
}) {
  const words = useText();
  const text = words.viewer;
  const stage = useStage();
  const elements = useRef<Partial<Record<PlaneName | "space", HTMLDivElement | null>>>({});
  const [volume, setVolume] = useState<VolumeStage | undefined>();
  const [share, setShare] = useState(0);
  const [problem, setProblem] = useState<string | undefined>();
  const [primary, setPrimary] = useState<"crosshairs" | "window">(mode === "mpr" ? "crosshairs" : "window");
  const [slab, setSlab] = useState(30);
  const [preset, setPreset] = useState(set.modality === "CT" ? "CT-Bone" : "MR-Default");

  useEffect(() => {
    if (!canShow) return undefined;
    const made = new VolumeStage(stage.engine, set);
    const { axial, sagittal, coronal, space } = elements.current;
    const start = async (): Promise<void> => {
      if (mode === "volume" && space) await made.showSpace(space, set, preset, setShare);
      else if (axial && sagittal && coronal)
        await made.showPlanes({ axial, sagittal, coronal }, set, mode === "mip", setShare);
      setVolume(made);
    };
    start().catch((error: unknown) => {
      if (error instanceof VolumeTooLarge) setProblem(text.volumeTooLarge(Math.ceil(error.bytes / 2 ** 20)));
      else setProblem(error instanceof Error ? error.message : String(error));
    });
    return () => made.destroy();
    // What is chosen later is handed to the stage that is there.
  }, [stage, set.id, mode, canShow]);

  if (!canShow) return <p className="pane-empty">{text.noVolume}</p>;
  return (
    <div className="volume-view">
      <div className="volume-tools">
        {mode === "mpr" &&
          (["crosshairs", "window"] as const).map((one) => (
            <button
              type="button"
              key={one}
              className="chip"
              aria-pressed={primary === one}
              onClick={() => {
                setPrimary(one);
                volume?.setPrimary(one);
              }}
            >
              {one === "crosshairs" ? text.crosshairs : text.tools.window}
            </button>
          ))}
        {mode === "mip" && (
          <label className="inline-field">
            {text.slab}
            <input
              type="range"
              min={5}
              max={200}
              step={5}
              value={slab}
              aria-valuetext={text.slabOf(slab)}
              onChange={(event) => {
                setSlab(Number(event.target.value));
                volume?.setSlab(Number(event.target.value));
              }}
            />
            <span className="numeric">{text.slabOf(slab)}</span>
          </label>
        )}
        {mode === "volume" && (
          <label className="inline-field">
            {text.volumePreset}
            <select
              value={preset}
              onChange={(event) => {
                setPreset(event.target.value);
                volume?.setPreset(event.target.value);
              }}
            >
              {volumePresets.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {share < 1 && problem === undefined && (
          <span role="status" className="faint">
            {text.loadingVolume(Math.round(share * 100))}
          </span>
        )}
      </div>
      {problem !== undefined && (
        <p className="pane-problem" role="alert">
          {problem}
        </p>
      )}
      {mode === "volume" ? (
        <section className={isSoftwareWebGl() ? "pane small" : "pane"} aria-label={text.modes.volume}>
          <div
            className="picture"
            ref={(element) => {
              elements.current.space = element;
            }}
            onContextMenu={(event) => event.preventDefault()}
          />
        </section>
      ) : (
        <div className="planes">
          {planes.map((plane) => (
            <section className={`pane plane-${plane}`} aria-label={text.planes[plane]} key={plane}>
              <div
                className="picture"
                ref={(element) => {
                  elements.current[plane] = element;
                }}
                onContextMenu={(event) => event.preventDefault()}
              />
              <span className={`plane-name ${plane}`}>{text.planes[plane]}</span>
              {volume !== undefined && <PlaneLetters plane={plane} />}
            </section>
          ))}
        </div>
      )}
    </div>
  );
}
