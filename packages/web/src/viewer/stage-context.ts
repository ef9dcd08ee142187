/** The stage of the viewer that is open, for its panels. */
import { createContext, use } from "react";
import type { Stage } from "./engine/stage.ts";

export const StageContext = createContext<Stage | undefined>(undefined);

export function useStage(): Stage {
  const stage = use(StageContext);
  if (stage === undefined) throw new Error("There is no viewer around this panel.");
  return stage;
}
