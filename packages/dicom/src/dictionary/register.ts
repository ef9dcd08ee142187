/** Makes keywords known to data sets; unpacked at the first one. */
import { useKeywords } from "../data-set/keys.ts";
import { tagOf } from "./dictionary.ts";

useKeywords(tagOf);
