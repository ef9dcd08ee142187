/** The patient's other studies at the same source, newest first. */
import { useQuery } from "@tanstack/react-query";
import { dicomweb } from "../../api/dicomweb.ts";
import type { DicomJson } from "../../api/types.ts";
import { number, Tag, text, texts } from "../../dicom/attributes.ts";

export interface PatientStudy {
  readonly uid: string;
  readonly date: string | undefined;
  readonly description: string;
  readonly modalities: readonly string[];
  readonly images: number | undefined;
}

export function usePatientStudies(
  source: string | undefined,
  about: DicomJson | undefined,
): readonly PatientStudy[] {
  const patientId = text(about, Tag.PatientID);
  const uid = text(about, Tag.StudyInstanceUID);
  const answer = useQuery({
    queryKey: ["patient-studies", source ?? "local", patientId],
    queryFn: ({ signal }) =>
      dicomweb.studies(
        source,
        new URLSearchParams({ PatientID: patientId ?? "", includefield: "StudyDescription", limit: "50" }),
        signal,
      ),
    enabled: patientId !== undefined,
  });
  return (answer.data?.studies ?? [])
    .filter((one) => text(one, Tag.StudyInstanceUID) !== uid)
    .map((one) => ({
      uid: text(one, Tag.StudyInstanceUID) ?? "",
      date: text(one, Tag.StudyDate),
      description: text(one, Tag.StudyDescription) ?? "",
      modalities: texts(one, Tag.ModalitiesInStudy),
      images: number(one, Tag.NumberOfStudyRelatedInstances),
    }))
    .toSorted((a, b) => (b.date ?? "").localeCompare(a.date ?? ""));
}
