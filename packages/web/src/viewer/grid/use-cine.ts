/** Moves the panes that play, at the rate that their images ask for. A frame that is not here yet is waited for. */
import { cache } from "@cornerstonejs/core";
import { useEffect } from "react";
import type { DisplaySet } from "../model/display-sets.ts";
import { useStage } from "../stage-context.ts";
import type { ViewerState } from "../state/viewer-state.ts";

/** Where the images do not say. */
const defaultRate = 15;

export function useCine({ playing, panes }: ViewerState, sets: readonly DisplaySet[]): void {
  const stage = useStage();
  const which = playing.map((pane) => `${pane} ${panes[pane]?.setId ?? ""}`).join(";");
  useEffect(() => {
    if (which === "") return undefined;
    const players = which.split(";").map((one) => {
      const [pane = "", setId = ""] = one.split(" ");
      const rate = sets.find(({ id }) => id === setId)?.frameRate ?? defaultRate;
      return { pane: Number(pane), interval: 1000 / rate, due: performance.now() };
    });
    let handle = 0;
    const tick = (now: number): void => {
      handle = requestAnimationFrame(tick);
      for (const player of players) {
        if (now < player.due) continue;
        const viewport = stage.stack(player.pane);
        const ids = viewport?.getImageIds() ?? [];
        const next = ((viewport?.getCurrentImageIdIndex() ?? -1) + 1) % Math.max(1, ids.length);
        const id = ids[next];
        if (id === undefined || !cache.isLoaded(id)) continue;
        stage.jump(player.pane, next);
        // Late frames do not bunch up behind each other.
        player.due = Math.max(player.due + player.interval, now);
      }
    };
    handle = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(handle);
  }, [stage, which, sets]);
}
