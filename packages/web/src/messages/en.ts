/** English: the language that all others are translated from. */
import { en as viewer } from "./viewer-en.ts";

export const en = {
  languageName: "English",
  shell: {
    skip: "Skip to content",
    sources: "Sources",
    thisArchive: "This archive",
    allSources: "All sources",
    studies: "Studies",
    peers: "Peers",
    associations: "Associations",
    about: "About",
    theme: "Theme",
    themes: { dark: "Dark", light: "Light", system: "As the system" },
    language: "Language",
    shortcuts: "Keyboard",
    tryAgain: "Try again",
    serverSilent: "The server does not answer.",
    close: "Close",
    cancel: "Cancel",
    notFound: "There is no such page.",
    loading: "Loading …",
    disclaimer: "Not for primary diagnosis",
  },
  viewer,
};
