/** Decoding of a data set that is wholly in memory. */
import type { DataSet } from "../data-set/data-set.ts";
import { DataSetParser, type ParserOptions } from "./parser.ts";

/**
 * @returns a data set whose values are views into `bytes`
 * @throws DicomError with offset and tag
 */
export function decodeDataSet(
  bytes: Uint8Array,
  transferSyntaxUid: string,
  options: ParserOptions = {},
): DataSet {
  const parser = new DataSetParser(transferSyntaxUid, options);
  parser.push(bytes);
  parser.end();
  return parser.dataSet;
}
