/**
 * The tables of the index, as Kysely types; `migrations.ts` makes them.
 *
 * Columns hold matching keys, folded for comparison; `attributes` holds a level's own attributes as DICOM JSON
 * (PS3.18 F), from which answers are made. Text columns are never NULL: an absent value is the empty text, so that keys
 * sort and page the same way on every database.
 */
import type { Generated } from "kysely";

/** Columns of a patient that its studies repeat, so that a study is found without a join. */
export interface PatientColumns {
  patient_id: string;
  /** The three component groups of the name, folded (PS3.5 6.2.1.1). */
  patient_name: string;
  patient_name_ideographic: string;
  patient_name_phonetic: string;
  /** How the words of the name sound, for fuzzy matching. */
  patient_name_sounds: string;
  patient_birth_date: string;
  patient_sex: string;
}

export interface PatientTable extends PatientColumns {
  id: Generated<number>;
  /** Patient ID and its issuer, joined by a backslash: the unique key. */
  patient_key: string;
  attributes: string;
}

export interface StudyTable extends PatientColumns {
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
  /** Bytes of all objects. */
  size: number;
  created_at: string;
  /** When an instance came last, or an edit. */
  updated_at: string;
  /** 1: a quota never removes it. */
  protected: number;
  /** Of the study and of its patient. */
  attributes: string;
}

/** Which modalities a study has, by date: what (0008,0061) Modalities in Study is searched by. */
export interface StudyModalityTable {
  modality: string;
  study_date: string;
  study: number;
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
  series_time: string;
  performed_date: string;
  performed_time: string;
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
  /** What its object's name has beside the UIDs (see `object-key.ts`); mostly nothing. */
  suffix: string;
  /** Bytes of the file, and of the preamble and file meta before the data set. */
  size: number;
  data_set_offset: number;
  /** Where the pixel data element begins in the file; 0 without one. */
  pixel_offset: number;
  /** Where each frame lies, once it was asked for: see `frame-table.ts`. Empty until then. */
  frames: string;
  /** SHA-256 of the data set in hex, without preamble and file meta. */
  hash: string;
  received_at: string;
  source_ae: string;
  /** Everything up to the pixel data as DICOM JSON; what is left out has a BulkDataURI. */
  attributes: string;
}

/** What is still to be done to the objects for a commit that was made: see `intents.ts`. */
export interface IntentTable {
  id: Generated<number>;
  kind: string;
  path: string;
  /** For `move`: the file below `incoming/`. */
  file: string;
  /** For `write`: the object itself. */
  bytes: Uint8Array | null;
}

/** The numbered feed of what happened. */
export interface ChangeTable {
  seq: Generated<number>;
  at: string;
  kind: string;
  study_uid: string;
  series_uid: string;
  sop_uid: string;
}

/** Who changed what, and what it was before. */
export interface HistoryTable {
  id: Generated<number>;
  at: string;
  actor: string;
  action: string;
  study_uid: string;
  /** JSON; holds patient data. */
  detail: string;
}

/** One row: how much there is of everything. */
export interface TotalTable {
  id: number;
  patients: number;
  studies: number;
  series: number;
  instances: number;
  bytes: number;
}

export interface SettingTable {
  name: string;
  value: string;
}

export interface IndexSchema {
  patient: PatientTable;
  study: StudyTable;
  study_modality: StudyModalityTable;
  series: SeriesTable;
  instance: InstanceTable;
  intent: IntentTable;
  change: ChangeTable;
  history: HistoryTable;
  total: TotalTable;
  setting: SettingTable;
}
