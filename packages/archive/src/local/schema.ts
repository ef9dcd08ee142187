/**
 * The index: one row per patient, study, series and instance.
 *
 * Columns hold the matching keys, folded for comparison; `attributes` holds the level's own attributes as DICOM JSON
 * (PS3.18 F), from which answers are made. Text columns are never NULL: an absent value is the empty text, so that keys
 * sort and page the same way on every database.
 */
import type { Generated } from "kysely";

export interface PatientTable {
  id: Generated<number>;
  /** Patient ID and its issuer, joined by a backslash: the unique key. */
  patient_key: string;
  patient_id: string;
  name: string;
  name_ideographic: string;
  name_phonetic: string;
  birth_date: string;
  sex: string;
  attributes: string;
}

export interface StudyTable {
  id: Generated<number>;
  patient: number;
  study_uid: string;
  study_date: string;
  study_time: string;
  accession_number: string;
  study_id: string;
  description: string;
  referring_physician: string;
  /** Modalities and SOP classes of all series, each between backslashes: `\CT\SR\`. */
  modalities: string;
  sop_classes: string;
  series_count: number;
  instance_count: number;
  attributes: string;
}

export interface SeriesTable {
  id: Generated<number>;
  study: number;
  series_uid: string;
  modality: string;
  series_number: string;
  description: string;
  body_part: string;
  series_date: string;
  instance_count: number;
  attributes: string;
}

export interface InstanceTable {
  id: Generated<number>;
  series: number;
  sop_uid: string;
  sop_class: string;
  instance_number: string;
  transfer_syntax: string;
  /** Path below the objects folder, with forward slashes. */
  path: string;
  /** Bytes of the file, and of the preamble and file meta before the data set. */
  size: number;
  data_set_offset: number;
  received_at: string;
  source_ae: string;
  /** Everything up to the pixel data as DICOM JSON. */
  attributes: string;
}

export interface SettingTable {
  name: string;
  value: string;
}

export interface IndexSchema {
  patient: PatientTable;
  study: StudyTable;
  series: SeriesTable;
  instance: InstanceTable;
  setting: SettingTable;
}
