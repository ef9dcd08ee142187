/** Asks for the words that go with an arrow. */
import { type FormEvent, useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { Dialog } from "../../ui/dialog.tsx";

export interface TextQuestion {
  readonly done: (text: string | undefined) => void;
}

export function AskText({ question }: { readonly question: TextQuestion }) {
  const words = useText();
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    question.done(text.trim() === "" ? undefined : text.trim());
  };
  return (
    <Dialog title={words.viewer.arrowText} onClose={() => question.done(undefined)}>
      <form className="ask-text" onSubmit={submit}>
        <input
          data-first
          aria-label={words.viewer.arrowText}
          value={text}
          maxLength={64}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button primary">
          {words.viewer.ok}
        </button>
      </form>
    </Dialog>
  );
}
