/**
 * Answers of peers that send text in their own character set without saying so: the set that the configuration names is
 * taken where (0008,0005) is missing or empty.
 */
import { DataSet, Tags } from "@isocenter/dicom";

export function withFallback(match: DataSet, characterSet: string | undefined): DataSet {
  if (characterSet === undefined || (match.string("SpecificCharacterSet") ?? "") !== "") return match;
  const others = match.elements.filter(({ tag }) => tag !== Tags.SpecificCharacterSet);
  // The bytes stay as they came; what they mean is decided when they are read.
  return DataSet.fromElements([...DataSet.of({ SpecificCharacterSet: characterSet }).elements, ...others]);
}
