/** Tags as numbers `0xGGGGEEEE`, and their spellings. */

/** Group in the upper, element in the lower 16 bits, unsigned. */
export type Tag = number;

export const Tags = {
  TransferSyntaxUid: 0x00020010,
  SpecificCharacterSet: 0x00080005,
  PixelRepresentation: 0x00280103,
  PixelData: 0x7fe00010,
  Item: 0xfffee000,
  ItemDelimitation: 0xfffee00d,
  SequenceDelimitation: 0xfffee0dd,
} as const;

const hexOfTag = new Map<Tag, string>();

/** `"00100010"`, as in DICOM JSON. */
export function tagToHex(tag: Tag): string {
  const known = hexOfTag.get(tag);
  if (known !== undefined) return known;
  const hex = tag.toString(16).toUpperCase().padStart(8, "0");
  // Files have some hundreds of different tags; hostile ones must not fill the memory.
  if (hexOfTag.size < 20_000) hexOfTag.set(tag, hex);
  return hex;
}

/** `"(0010,0010)"`. */
export function formatTag(tag: Tag): string {
  const hex = tagToHex(tag);
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

/** `00100010`, `0010,0010` or `(0010,0010)`; undefined for anything else. */
export function tagFromText(text: string): Tag | undefined {
  const match = /^\(?([0-9a-f]{4}),?([0-9a-f]{4})\)?$/i.exec(text.trim());
  return match === null ? undefined : Number.parseInt(`${match[1]}${match[2]}`, 16);
}

/** Elements of odd groups are private, PS3.5 7.8. */
export function isPrivate(tag: Tag): boolean {
  return (tag & 0x10000) !== 0;
}
