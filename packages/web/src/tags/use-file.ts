/** An instance as its file, read to the end. */
import { decodePart10, type Part10 } from "@isocenter/dicom";
import { useQuery } from "@tanstack/react-query";
import { dicomweb } from "../api/dicomweb.ts";

export function useFile(
  source: string | undefined,
  study: string,
  series: string | undefined,
  instance: string | undefined,
): {
  readonly file: Part10 | undefined;
  readonly bytes: number;
  readonly error: unknown;
  readonly isLoading: boolean;
} {
  const answer = useQuery({
    queryKey: ["file", source ?? "local", study, series, instance],
    queryFn: async ({ signal }) => {
      const bytes = await dicomweb.file({ source, study, series, instance }, signal);
      return { file: decodePart10(bytes), bytes: bytes.byteLength };
    },
    enabled: series !== undefined && instance !== undefined && instance !== "",
    structuralSharing: false,
    gcTime: 30_000,
    retry: false,
  });
  return {
    file: answer.data?.file,
    bytes: answer.data?.bytes ?? 0,
    error: answer.error,
    isLoading: answer.isLoading,
  };
}
