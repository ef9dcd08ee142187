/** A modal dialog: the browser's own, which keeps the focus inside and closes with Escape. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useText } from "../messages/use-text.ts";
import { CloseIcon } from "./icons.tsx";

export function Dialog({
  title,
  children,
  onClose,
  className = "",
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
  readonly className?: string;
}) {
  const words = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    element?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="dialog-inner">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label={words.shell.close} onClick={onClose}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
