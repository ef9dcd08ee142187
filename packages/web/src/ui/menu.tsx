/** A button that opens a small panel of choices; Escape or a click elsewhere closes it. */
import { type ReactNode, useEffect, useId, useRef, useState } from "react";

export function Menu({
  label,
  button,
  children,
  className = "tool-button",
  isDisabled = false,
}: {
  readonly label: string;
  readonly button: ReactNode;
  readonly children: (close: () => void) => ReactNode;
  readonly className?: string;
  readonly isDisabled?: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!isOpen) return undefined;
    root.current?.querySelector<HTMLElement>(".menu-panel button, .menu-panel input")?.focus();
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", onPointer, true);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer, true);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [isOpen]);
  return (
    <div className="menu" ref={root}>
      <button
        ref={opener}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        disabled={isDisabled}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </button>
      {isOpen && (
        <div className="menu-panel" id={id} role="group" aria-label={label}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}
