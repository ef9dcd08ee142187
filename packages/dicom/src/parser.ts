/**
 * `@isocenter/dicom/parser`: reading files and data sets, without the dictionary. Elements are asked for by tag:
 * `dataSet.string("00100010")`, `dataSet.number(0x00280010)`.
 */
export { DataSet } from "./data-set/data-set.ts";
export { type BulkData, DataElement } from "./data-set/element.ts";
export { DataSetParser, type ParserOptions } from "./encoding/parser.ts";
export { DicomError, type DicomErrorCode } from "./errors.ts";
export { Part10Parser } from "./part10/part10-parser.ts";
