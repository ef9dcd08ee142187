/** German. */
import { en } from "./en.ts";
import type { Messages } from "./use-text.ts";

export const de: Messages = en;
