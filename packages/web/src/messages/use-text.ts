/** The words of the page in the language that was chosen. */
import { createContext, use } from "react";
import { en } from "./en.ts";

export type Messages = typeof en;
export const languages = ["en", "de"] as const;
export type Language = (typeof languages)[number];

/** English is in the page; other languages are fetched when they are chosen. */
export const loaders: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import("./de.ts")).de,
};

export interface Words {
  readonly text: Messages;
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
}

export const WordsContext = createContext<Words>({
  text: en,
  language: "en",
  setLanguage: () => undefined,
});

export const useText = (): Messages => use(WordsContext).text;
export const useWords = (): Words => use(WordsContext);
