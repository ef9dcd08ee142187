/** A button of the toolbar: an icon with its name and key in words for whoever hovers or listens. */
import type { ReactNode } from "react";

export function ToolButton({
  label,
  shortcut,
  children,
  isPressed,
  isDisabled = false,
  onClick,
}: {
  readonly label: string;
  readonly shortcut?: string;
  readonly children: ReactNode;
  /** Undefined for what is done at once and does not stay on. */
  readonly isPressed?: boolean;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
}) {
  return (
    <button
      type="button"
      className="tool-button"
      aria-label={label}
      aria-pressed={isPressed}
      aria-keyshortcuts={shortcut !== undefined && shortcut.length === 1 ? shortcut : undefined}
      title={shortcut === undefined || shortcut.length > 1 ? label : `${label} (${shortcut})`}
      disabled={isDisabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
