/** What the parser has open: a data set, a sequence, or a list of fragments. */
import type { CharacterSet } from "../charset/character-set.ts";
import type { DataSet } from "../data-set/data-set.ts";
import type { DataElement, Fragment } from "../data-set/element.ts";
import type { Tag } from "../tag.ts";
import type { Vr } from "../vr.ts";

/** An open data set (`items` undefined), sequence or list of fragments. */
export interface Frame {
  readonly kind: "data-set" | "sequence" | "fragments";
  /** Where its tag stands. */
  readonly start: number;
  /** Where it ends, or -1 for undefined length. */
  readonly end: number;
  explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly elements: DataElement[];
  readonly items: DataSet[];
  readonly fragments: Fragment[];
  /** The sequence's or pixel data's own element. */
  readonly tag: Tag;
  readonly vr: Vr;
  charset: CharacterSet;
  /** (0028,0103) Pixel Representation is 1 here or further out: ambiguous values are signed (PS3.5 A.1). */
  signed: boolean;
}

export function openFrame(
  kind: Frame["kind"],
  start: number,
  end: number,
  explicitVr: boolean,
  littleEndian: boolean,
  tag: Tag,
  vr: Vr,
  charset: CharacterSet,
  signed: boolean,
): Frame {
  return {
    kind,
    start,
    end,
    explicitVr,
    littleEndian,
    elements: [],
    items: [],
    fragments: [],
    tag,
    vr,
    charset,
    signed,
  };
}
