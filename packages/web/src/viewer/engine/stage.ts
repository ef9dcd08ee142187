/**
 * The viewports on screen as one object: what the toolbar, the keyboard and the panels do to them. Panes are counted from
 * 0; a pane that shows no stack answers undefined, and commands to it do nothing.
 */
import {
  cache,
  Enums,
  type RenderingEngine,
  StackViewport,
  type Types,
  utilities,
} from "@cornerstonejs/core";
import { ToolGroupManager, type Types as ToolTypes } from "@cornerstonejs/tools";
import type { Frame, Window } from "../model/frame.ts";
import { engineId, hasWebGl, isSoftwareWebGl, renderingEngine } from "./engine.ts";
import { frameOf } from "./frame-registry.ts";
import { activateTool, makeStackGroup, stackGroupId } from "./tool-group.ts";
import type { ToolId } from "./tool-names.ts";

const viewportId = (pane: number): string => `pane-${pane}`;

export function paneOf(id: string): number | undefined {
  const match = /^pane-(\d+)$/.exec(id);
  return match === null ? undefined : Number(match[1]);
}

export class Stage {
  readonly engine: RenderingEngine;
  readonly #group: ToolTypes.IToolGroup;
  #isOver = false;
  #askText: (done: (text: string | undefined) => void) => void = (done) => done(undefined);

  constructor() {
    this.engine = renderingEngine();
    this.#group = makeStackGroup((done) => this.#askText(done));
  }

  /** How an arrow's words are asked for. */
  set askText(ask: (done: (text: string | undefined) => void) => void) {
    this.#askText = ask;
  }

  /** Takes everything off the engine, which stays for the next study, and the images out of memory. */
  destroy(): void {
    this.#isOver = true;
    for (const { id } of this.engine.getViewports()) this.engine.disableElement(id);
    ToolGroupManager.destroyToolGroup(stackGroupId);
    cache.purgeCache();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param isFloat the images' values are no whole numbers, which only WebGL draws without rounding them */
  enable(pane: number, element: HTMLDivElement, isFloat: boolean): StackViewport {
    const id = viewportId(pane);
    this.engine.enableElement({
      viewportId: id,
      element,
      type: Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.#group.addViewport(id, engineId);
    const viewport = this.engine.getViewport(id) as StackViewport;
    // WebGL that the processor emulates is several times slower than drawing without it.
    if (isSoftwareWebGl() && !isFloat) viewport.setUseCPURendering(true);
    if (drawnByProcessor(isFloat)) adaptToProcessor(viewport);
    return viewport;
  }

  disable(pane: number): void {
    this.#group.removeViewports(engineId, viewportId(pane));
    this.engine.disableElement(viewportId(pane));
  }

  stack(pane: number): StackViewport | undefined {
    if (this.#isOver) return undefined;
    const viewport = this.engine.getViewport(viewportId(pane)) as StackViewport | undefined;
    return viewport === undefined || viewport.getImageIds().length === 0 ? undefined : viewport;
  }

  frame(pane: number): Frame | undefined {
    return frameOf(this.stack(pane)?.getCurrentImageId());
  }

  useTool(tool: ToolId): void {
    activateTool(this.#group, tool);
  }

  get groupId(): string {
    return stackGroupId;
  }

  /** @returns whether the pane has this image */
  jump(pane: number, index: number): boolean {
    const viewport = this.stack(pane);
    if (viewport === undefined || index < 0 || index >= viewport.getNumberOfSlices()) return false;
    void viewport.setImageIdIndex(index).catch(() => undefined);
    return true;
  }

  /** The panes have other sizes now. */
  resize(): void {
    if (!this.#isOver && this.engine.getViewports().length > 0) this.engine.resize(true, true);
  }

  /** By images, stopping at the ends. */
  scroll(pane: number, by: number): void {
    this.stack(pane)?.scroll(by, true, false);
  }

  setWindow(pane: number, { center, width }: Window): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    viewport.setProperties({ voiRange: utilities.windowLevel.toLowHighRange(width, center) });
    viewport.render();
  }

  toggleInvert(pane: number): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    viewport.setProperties({ invert: viewport.getProperties().invert !== true });
    viewport.render();
  }

  rotate(pane: number, degrees: number): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    const { rotation = 0 } = viewport.getViewPresentation();
    viewport.setViewPresentation({ rotation: (rotation + degrees + 360) % 360 });
    viewport.render();
  }

  flip(pane: number, direction: "horizontal" | "vertical"): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    const { flipHorizontal = false, flipVertical = false } = viewport.getCamera();
    viewport.setCamera(
      direction === "horizontal" ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
    );
    viewport.render();
  }

  setSmooth(isSmooth: boolean): void {
    for (const one of this.engine.getViewports()) {
      if (!(one instanceof StackViewport)) continue;
      const viewport = one;
      viewport.setProperties({
        interpolationType: isSmooth ? Enums.InterpolationType.LINEAR : Enums.InterpolationType.NEAREST,
      });
      viewport.render();
    }
  }

  zoomBy(pane: number, factor: number): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    viewport.setZoom(viewport.getZoom() * factor);
    viewport.render();
  }

  /** One pixel of the image on one of the screen. */
  actualSize(pane: number): void {
    const viewport = this.stack(pane);
    const frame = this.frame(pane);
    if (viewport === undefined || frame === undefined) return;
    const [left, right] = [viewport.canvasToWorld([0, 0]), viewport.canvasToWorld([100, 0])];
    const millimetres = Math.hypot(...left.map((at, axis) => at - (right[axis] ?? 0)));
    const imagePixels = millimetres / frame.pixelSize.column;
    viewport.setZoom((viewport.getZoom() * imagePixels) / (100 * devicePixelRatio));
    viewport.setPan([0, 0]);
    viewport.render();
  }

  reset(pane: number): void {
    const viewport = this.stack(pane);
    if (viewport === undefined) return;
    viewport.resetProperties();
    viewport.resetCamera();
    viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false });
    viewport.render();
  }
}

const drawnByProcessor = (isFloat: boolean): boolean => !hasWebGl() || (isSoftwareWebGl() && !isFloat);

/**
 * What the library leaves to be done where it draws without WebGL: it asks the class which way to draw, which answers for
 * all viewports; and it takes corners of pixels for their centres, half a pixel off from everything else.
 */
function adaptToProcessor(viewport: StackViewport): void {
  viewport.getUseCustomRenderingPipeline = () => true;
  const { canvasToWorld, worldToCanvas } = viewport;
  const half = (sign: number): readonly [number, number, number] => {
    const { spacing, direction } = viewport.getImageData() ?? {};
    const at = (axis: number): number =>
      (sign / 2) *
      ((direction?.[axis] ?? 0) * (spacing?.[0] ?? 0) + (direction?.[axis + 3] ?? 0) * (spacing?.[1] ?? 0));
    return [at(0), at(1), at(2)];
  };
  const moved = ([x, y, z]: Types.Point3, [dx, dy, dz]: readonly [number, number, number]): Types.Point3 => [
    x + dx,
    y + dy,
    z + dz,
  ];
  viewport.canvasToWorld = (point) => {
    const world = canvasToWorld(point) as Types.Point3 | undefined;
    return world === undefined ? [0, 0, 0] : moved(world, half(-1));
  };
  viewport.worldToCanvas = (point) => worldToCanvas(moved(point, half(1)));
}
