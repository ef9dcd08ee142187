/** The sides of the patient around a plane through a volume. */
import { Enums, type Types } from "@cornerstonejs/core";
import { useEffect, useState } from "react";
import { OrientationLetters } from "../grid/orientation-letters.tsx";
import { lettersOfView, type PaneView } from "../grid/pane-view.ts";
import { useStage } from "../stage-context.ts";
import type { PlaneName } from "./volume-stage.ts";

export function PlaneLetters({ plane }: { readonly plane: PlaneName }) {
  const stage = useStage();
  const [letters, setLetters] = useState<PaneView["letters"] | undefined>();
  useEffect(() => {
    const viewport = stage.engine.getViewport(`volume-${plane}`) as Types.IVolumeViewport | undefined;
    if (viewport === undefined) return undefined;
    const { element } = viewport;
    const update = (): void => setLetters(lettersOfView(viewport));
    update();
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, update);
    return () => element.removeEventListener(Enums.Events.CAMERA_MODIFIED, update);
  }, [stage, plane]);
  return letters === undefined ? null : <OrientationLetters letters={letters} />;
}
