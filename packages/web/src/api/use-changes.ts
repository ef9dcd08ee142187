/** New studies appear as they arrive: told by the server's events where it sends them, else noticed by its counts. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useFeatures } from "./features.ts";
import type { About } from "./types.ts";

/** A series of hundreds of images is one change to a list; ms. */
const gatherFor = 800;

export function useChanges(about: About | undefined): void {
  const client = useQueryClient();
  const hasEvents = useFeatures().has("/api/changes");
  const instances = about?.counts.instances;
  const known = useRef(instances);
  useEffect(() => {
    const before = known.current;
    known.current = instances;
    if (before === undefined || instances === undefined || before === instances) return;
    void client.invalidateQueries({ queryKey: ["studies", "local"] });
  }, [client, instances]);
  useEffect(() => {
    if (!hasEvents) return undefined;
    const events = new EventSource("/api/changes");
    let timer = 0;
    const onChange = (): void => {
      if (timer !== 0) return;
      timer = window.setTimeout(() => {
        timer = 0;
        void client.invalidateQueries({ queryKey: ["studies", "local"] });
        void client.invalidateQueries({ queryKey: ["about"] });
      }, gatherFor);
    };
    for (const name of ["message", "change", "stored", "deleted", "edited"])
      events.addEventListener(name, onChange);
    return () => {
      clearTimeout(timer);
      events.close();
    };
  }, [client, hasEvents]);
}
