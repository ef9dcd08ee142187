/** Puts the words of the chosen language around the page. */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { en } from "../messages/en.ts";
import { type Language, languages, loaders, type Messages, WordsContext } from "../messages/use-text.ts";
import { readStored, writeStored } from "./stored.ts";

/** The browser's, where nobody chose: its first language that there is. */
function preferred(): Language {
  const stored = readStored<string>("language", "");
  const wanted = stored === "" ? navigator.languages.map((one) => one.slice(0, 2)) : [stored];
  return (
    languages.find((one) => one === wanted.find((two) => languages.some((three) => three === two))) ?? "en"
  );
}

export function Words({ children }: { readonly children: ReactNode }) {
  const [language, choose] = useState<Language>(preferred);
  const [text, setText] = useState<Messages>(en);
  useEffect(() => {
    let isCurrent = true;
    document.documentElement.lang = language;
    void loaders[language]().then((loaded) => {
      if (isCurrent) setText(loaded);
    });
    return () => {
      isCurrent = false;
    };
  }, [language]);
  const setLanguage = useCallback((next: Language) => {
    writeStored("language", next);
    choose(next);
  }, []);
  const value = useMemo(() => ({ text, language, setLanguage }), [text, language, setLanguage]);
  return <WordsContext value={value}>{children}</WordsContext>;
}
