/** Types of values by keyword: what `DataSet.get` answers and what `DataSet.of` takes. */
import type { KeywordVr } from "../dictionary/keyword-vr.generated.ts";
import type { Tag } from "../tag.ts";
import type { Vr } from "../vr.ts";
import type { DataSet } from "./data-set.ts";
import type { BulkData } from "./element.ts";
import type { PersonName } from "./person-name.ts";

export type Keyword = keyof KeywordVr;

/** A keyword or a tag; plain strings are taken too, and looked up at run time. */
export type Key = Keyword | Tag | (string & {});

type NumberVr = "DS" | "IS" | "US" | "SS" | "UL" | "SL" | "FL" | "FD" | "AT";
type BytesVr = "OB" | "OW" | "OF" | "OD" | "OL" | "OV" | "UN";

/** The value of a VR: the first one, except for sequences, which are all their items. */
export type ValueOf<V extends string> = V extends "SQ"
  ? readonly DataSet[]
  : V extends "PN"
    ? PersonName
    : V extends NumberVr
      ? number
      : V extends "SV" | "UV"
        ? bigint
        : V extends BytesVr
          ? Uint8Array
          : string;

export type AnyValue = string | number | bigint | PersonName | Uint8Array | readonly DataSet[];

/** A value to build an element from; null and the empty text make an empty element. */
export type InitValue =
  | string
  | number
  | bigint
  | null
  | PersonName
  | Uint8Array
  | DataSet
  /** Written from a stream: see `bulkData`. */
  | BulkData
  | readonly (string | number | bigint | PersonName | DataSet | DataSetInit)[]
  | { readonly vr: Vr; readonly value: InitValue };

/** Keys are keywords or tags in text. */
export type DataSetInit = { readonly [K in Keyword]?: InitValue } & {
  readonly [tag: string]: InitValue | undefined;
};
