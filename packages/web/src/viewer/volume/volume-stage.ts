/** Volume viewports: three planes through a volume, projections through a slab of it, or the whole of it in space. */
import {
  cache,
  CONSTANTS,
  cornerstoneStreamingImageVolumeLoader,
  Enums,
  imageLoader,
  type RenderingEngine,
  setVolumesForViewports,
  type Types,
  utilities,
  volumeLoader,
} from "@cornerstonejs/core";
import { CrosshairsTool, Enums as ToolEnums, ToolGroupManager } from "@cornerstonejs/tools";
import { engineId } from "../engine/engine.ts";
import type { DisplaySet } from "../model/display-sets.ts";

export const planes = ["axial", "sagittal", "coronal"] as const;
export type PlaneName = (typeof planes)[number];
export const volumePresets = [
  "CT-Bone",
  "CT-Soft-Tissue",
  "CT-Lung",
  "CT-MIP",
  "MR-Default",
  "MR-MIP",
  "MR-T2-Brain",
];

const scheme = "cornerstoneStreamingImageVolume";
const groupId = "volumes";
const orientations: Readonly<Record<PlaneName, Enums.OrientationAxis>> = {
  axial: Enums.OrientationAxis.AXIAL,
  sagittal: Enums.OrientationAxis.SAGITTAL,
  coronal: Enums.OrientationAxis.CORONAL,
};
const lineColours: Readonly<Record<PlaneName, string>> = {
  axial: "rgb(230, 120, 90)",
  sagittal: "rgb(220, 200, 80)",
  coronal: "rgb(90, 190, 130)",
};
const { MouseBindings } = ToolEnums;

/** The volume does not fit into the memory for images. */
export class VolumeTooLarge extends Error {
  override readonly name = "VolumeTooLarge";
  readonly bytes: number;

  constructor(bytes: number) {
    super("The volume is larger than the memory for images.");
    this.bytes = bytes;
  }
}

export class VolumeStage {
  readonly #engine: RenderingEngine;
  readonly #volumeId: string;
  #viewportIds: readonly string[] = [];
  #isDestroyed = false;

  constructor(engine: RenderingEngine, set: DisplaySet) {
    this.#engine = engine;
    this.#volumeId = `${scheme}:${set.id}`;
    volumeLoader.registerVolumeLoader(
      scheme,
      cornerstoneStreamingImageVolumeLoader as unknown as Types.VolumeLoaderFn,
    );
  }

  /** @param onProgress share that is loaded, 0 to 1 */
  async showPlanes(
    elements: Readonly<Record<PlaneName, HTMLDivElement>>,
    set: DisplaySet,
    isProjection: boolean,
    onProgress: (share: number) => void,
  ): Promise<void> {
    const inputs = planes.map((plane) => ({
      viewportId: `volume-${plane}`,
      element: elements[plane],
      type: Enums.ViewportType.ORTHOGRAPHIC,
      defaultOptions: { orientation: orientations[plane], background: [0, 0, 0] as Types.Point3 },
    }));
    for (const input of inputs) this.#engine.enableElement(input);
    this.#viewportIds = inputs.map(({ viewportId }) => viewportId);
    await this.#load(set, onProgress);
    if (this.#isDestroyed) return;
    this.#tools(isProjection ? "window" : "crosshairs");
    if (isProjection) this.setSlab(30);
    this.#window(set);
    this.#render();
  }

  async showSpace(
    element: HTMLDivElement,
    set: DisplaySet,
    preset: string,
    onProgress: (share: number) => void,
  ): Promise<void> {
    this.#engine.enableElement({
      viewportId: "volume-space",
      element,
      type: Enums.ViewportType.VOLUME_3D,
      defaultOptions: { orientation: Enums.OrientationAxis.CORONAL, background: [0, 0, 0] },
    });
    this.#viewportIds = ["volume-space"];
    await this.#load(set, onProgress);
    if (this.#isDestroyed) return;
    ToolGroupManager.destroyToolGroup(groupId);
    const group = ToolGroupManager.createToolGroup(groupId);
    for (const tool of ["TrackballRotate", "Pan", "Zoom"]) group?.addTool(tool);
    group?.addViewport("volume-space", engineId);
    group?.setToolActive("TrackballRotate", { bindings: [{ mouseButton: MouseBindings.Primary }] });
    group?.setToolActive("Pan", { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
    group?.setToolActive("Zoom", {
      bindings: [{ mouseButton: MouseBindings.Secondary }, { mouseButton: MouseBindings.Wheel }],
    });
    this.setPreset(preset);
  }

  setPreset(name: string): void {
    const preset = CONSTANTS.VIEWPORT_PRESETS.find((one) => one.name === name);
    for (const viewport of this.#viewports()) {
      const actor = viewport.getDefaultActor()?.actor as Types.VolumeActor | undefined;
      if (preset !== undefined && actor !== undefined) utilities.applyPreset(actor, preset);
    }
    this.#render();
  }

  /** mm of the slab that is projected. */
  setSlab(thickness: number): void {
    for (const viewport of this.#viewports()) {
      viewport.setBlendMode(Enums.BlendModes.MAXIMUM_INTENSITY_BLEND);
      viewport.setSlabThickness(thickness);
    }
    this.#render();
  }

  #tools(primary: "crosshairs" | "window"): void {
    ToolGroupManager.destroyToolGroup(groupId);
    const group = ToolGroupManager.createToolGroup(groupId);
    if (group === undefined) return;
    for (const tool of ["WindowLevel", "Pan", "Zoom", "StackScroll"]) group.addTool(tool);
    group.addTool(CrosshairsTool.toolName, {
      getReferenceLineColor: (id: string) => lineColours[id.replace("volume-", "") as PlaneName],
      getReferenceLineControllable: () => true,
      getReferenceLineDraggableRotatable: () => true,
      getReferenceLineSlabThicknessControlsOn: () => false,
    });
    for (const id of this.#viewportIds) group.addViewport(id, engineId);
    this.setPrimary(primary);
  }

  setPrimary(primary: "crosshairs" | "window"): void {
    const group = ToolGroupManager.getToolGroup(groupId);
    if (group === undefined) return;
    const left = { bindings: [{ mouseButton: MouseBindings.Primary }] };
    if (primary === "crosshairs") {
      group.setToolPassive("WindowLevel", { removeAllBindings: true });
      group.setToolActive(CrosshairsTool.toolName, left);
    } else {
      group.setToolDisabled(CrosshairsTool.toolName);
      group.setToolActive("WindowLevel", left);
    }
    group.setToolActive("Pan", { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
    group.setToolActive("Zoom", { bindings: [{ mouseButton: MouseBindings.Secondary }] });
    group.setToolActive("StackScroll", { bindings: [{ mouseButton: MouseBindings.Wheel }] });
    this.#render();
  }

  /** All images first: a volume of holes is drawn anew with each image that comes, and shows nothing until the last. */
  async #load(set: DisplaySet, onProgress: (share: number) => void): Promise<void> {
    const imageIds = set.frames.map(({ imageId }) => imageId);
    const bytes = set.frames.reduce((sum, { rows, columns }) => sum + rows * columns * 2, 0);
    if (bytes > cache.getMaxCacheSize()) throw new VolumeTooLarge(bytes);
    let next = 0;
    let loaded = 0;
    const worker = async (): Promise<void> => {
      for (let id = imageIds[next++]; id !== undefined; id = imageIds[next++]) {
        if (this.#isDestroyed) return;
        await imageLoader.loadAndCacheImage(id, { priority: 0, requestType: "prefetch" });
        loaded++;
        onProgress(loaded / imageIds.length);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    if (this.#isDestroyed) return;
    const volume = await volumeLoader.createAndCacheVolume(this.#volumeId, { imageIds });
    (volume as unknown as { load(): void }).load();
    await setVolumesForViewports(this.#engine, [{ volumeId: this.#volumeId }], [...this.#viewportIds]);
  }

  /** The window that the images ask for. */
  #window({ frames }: DisplaySet): void {
    const [window] = frames[Math.floor(frames.length / 2)]?.windows ?? [];
    if (window === undefined) return;
    const voiRange = utilities.windowLevel.toLowHighRange(window.width, window.center);
    for (const viewport of this.#viewports()) viewport.setProperties({ voiRange });
  }

  #viewports(): Types.IVolumeViewport[] {
    return this.#viewportIds.flatMap((id) => {
      const viewport = this.#engine.getViewport(id) as Types.IVolumeViewport | undefined;
      return viewport === undefined ? [] : [viewport];
    });
  }

  #render(): void {
    if (!this.#isDestroyed) this.#engine.renderViewports([...this.#viewportIds]);
  }

  destroy(): void {
    this.#isDestroyed = true;
    ToolGroupManager.destroyToolGroup(groupId);
    for (const id of this.#viewportIds)
      if (this.#engine.getViewport(id) !== undefined) this.#engine.disableElement(id);
    if (cache.getVolumeLoadObject(this.#volumeId) !== undefined) cache.removeVolumeLoadObject(this.#volumeId);
  }
}
