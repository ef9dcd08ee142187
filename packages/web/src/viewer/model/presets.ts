/** Windows that readers ask for by name, by modality. Keys 1 to 9 choose them in this order. */
import type { Window } from "./frame.ts";

export interface WindowPreset extends Window {
  readonly id: string;
  readonly label: string;
}

const ct: readonly WindowPreset[] = [
  { id: "soft", label: "Soft tissue", center: 50, width: 400 },
  { id: "lung", label: "Lung", center: -600, width: 1500 },
  { id: "bone", label: "Bone", center: 500, width: 2500 },
  { id: "brain", label: "Brain", center: 40, width: 80 },
  { id: "stroke", label: "Stroke", center: 40, width: 40 },
  { id: "subdural", label: "Subdural", center: 80, width: 200 },
  { id: "liver", label: "Liver", center: 80, width: 150 },
  { id: "mediastinum", label: "Mediastinum", center: 40, width: 350 },
  { id: "angio", label: "Vessels", center: 300, width: 600 },
];

const pt: readonly WindowPreset[] = [
  { id: "suv5", label: "SUV 0–5", center: 2.5, width: 5 },
  { id: "suv7", label: "SUV 0–7", center: 3.5, width: 7 },
  { id: "suv10", label: "SUV 0–10", center: 5, width: 10 },
  { id: "suv15", label: "SUV 0–15", center: 7.5, width: 15 },
];

/** @param isSuv values are SUV: of PET only then are there common windows */
export function presetsFor(modality: string, isSuv: boolean): readonly WindowPreset[] {
  if (modality === "CT") return ct;
  return modality === "PT" && isSuv ? pt : [];
}
