/** URLs of resources below the service root (PS3.18 10.1). UIDs are checked where they come in, and encoded all the same. */
import type { PathUids } from "./resource.ts";

export function resourceUrl(base: string, { study, series, instance }: PathUids): string {
  let url = base;
  if (study !== undefined) url += `/studies/${encodeURIComponent(study)}`;
  if (series !== undefined) url += `/series/${encodeURIComponent(series)}`;
  if (instance !== undefined) url += `/instances/${encodeURIComponent(instance)}`;
  return url;
}
