/** The cheat sheet: every key of the page. */
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";

/** As use-viewer-keys.ts and study-table.tsx handle them. */
export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  const words = useText();
  const text = words.shortcuts;
  const { tools } = words.viewer;
  const groups: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      text.everywhere,
      [
        ["?", text.thisSheet],
        ["Tab", text.next],
        ["Esc", text.closeIt],
      ],
    ],
    [
      text.list,
      [
        ["↑ ↓", text.otherStudy],
        ["Enter", text.openStudy],
        ["Space", text.chooseStudy],
      ],
    ],
    [
      text.images,
      [
        ["↑ ↓ ← →", text.oneImage],
        ["PgUp PgDn", text.tenImages],
        ["Home End", text.ends],
        ["Space", text.playPause],
        ["[ ]", text.otherPane],
        ["+ −", text.zoom],
        ["0", text.ownWindow],
        ["1 … 9", text.presets],
        ["I", words.viewer.invert],
        ["H V", text.flips],
        [", .", text.turns],
        ["X", words.viewer.smooth],
        ["R", words.viewer.reset],
        ["T", words.viewer.overlay],
        ["Y", words.viewer.sync],
        ["G", words.viewer.lines],
        ["K", words.viewer.markKey],
        ["M", words.viewer.sidePanel],
      ],
    ],
    [
      text.tools,
      [
        ["W", tools.window],
        ["P", tools.pan],
        ["Z", tools.zoom],
        ["S", tools.scroll],
        ["O", tools.rotate],
        ["L", tools.length],
        ["A", tools.angle],
        ["C", tools.cobb],
        ["B", tools.bidirectional],
        ["Q", tools.rectangle],
        ["E", tools.ellipse],
        ["F", tools.freehand],
        ["D", tools.probe],
        ["N", tools.arrow],
      ],
    ],
    [
      text.mouse,
      [
        [text.left, text.theTool],
        [text.middle, tools.pan],
        [text.right, tools.zoom],
        [text.wheel, tools.scroll],
      ],
    ],
  ];
  return (
    <Dialog title={words.shell.shortcuts} onClose={onClose} className="wide">
      <div className="shortcuts">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key + meaning}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
