/** Which mouse button does what, for the stacks and for the volume views. */
import { Enums, ToolGroupManager, type Types } from "@cornerstonejs/tools";
import { libraryNames, measureTools, type ToolId, viewTools } from "./tool-names.ts";

export const stackGroupId = "stacks";
const { MouseBindings } = Enums;

type Group = Types.IToolGroup;

/** @param askText asks for the words of an arrow; undefined when it is given up */
export function makeStackGroup(askText: (done: (text: string | undefined) => void) => void): Group {
  ToolGroupManager.destroyToolGroup(stackGroupId);
  const group = ToolGroupManager.createToolGroup(stackGroupId);
  if (group === undefined) throw new Error("The tools could not be set up.");
  for (const tool of viewTools) group.addTool(libraryNames[tool]);
  for (const tool of measureTools) group.addTool(libraryNames[tool], configurationOf(tool, askText));
  activateTool(group, "window");
  return group;
}

function configurationOf(tool: ToolId, askText: (done: (text: string | undefined) => void) => void): object {
  if (tool === "arrow") {
    return {
      getTextCallback: askText,
      changeTextCallback: (_data: unknown, _event: unknown, done: (text: string | undefined) => void) =>
        askText(done),
    };
  }
  if (tool === "freehand") return { calculateStats: true };
  return {};
}

/** The left button's tool. The middle button pans, the right one zooms and the wheel scrolls, always. */
export function activateTool(group: Group, active: ToolId): void {
  for (const tool of [...viewTools, ...measureTools])
    group.setToolPassive(libraryNames[tool], { removeAllBindings: true });
  const bindings = new Map<ToolId, object[]>([
    ["pan", [{ mouseButton: MouseBindings.Auxiliary }, { numTouchPoints: 3 }]],
    ["zoom", [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }]],
    ["scroll", [{ mouseButton: MouseBindings.Wheel }]],
  ]);
  bindings.set(active, [{ mouseButton: MouseBindings.Primary }, ...(bindings.get(active) ?? [])]);
  for (const [tool, list] of bindings) group.setToolActive(libraryNames[tool], { bindings: list });
}
