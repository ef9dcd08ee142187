/** Copies a text and says that it did. */
import { useState } from "react";
import { useText } from "../messages/use-text.ts";

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const words = useText().shell;
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" className="button small" onClick={() => void copy()} aria-live="polite">
      {copied ? words.copied : (label ?? words.copy)}
    </button>
  );
}
