/** The overlays of the study that is open, and which of them are shown. */
import { createContext } from "react";
import type { Overlay } from "./overlay.ts";

export interface Overlays {
  readonly all: readonly Overlay[];
  readonly shown: readonly Overlay[];
  toggle(id: string): void;
}

export const OverlaysContext = createContext<Overlays>({ all: [], shown: [], toggle: () => undefined });
