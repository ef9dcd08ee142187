/**
 * Plain files in a folder as something to query and retrieve: an index in memory of the attributes that queries ask for,
 * made by looking into every file once.
 */
import { instanceFromFile, isPart10File, walkFiles } from "@isocenter/archive/files";
import {
  type CallOptions,
  type InstanceStream,
  type Query,
  type QueryLevel,
  type Selection,
} from "@isocenter/archive/image-source";
import { DataSet, type DataSetInit, keywordOf, type Vr } from "@isocenter/dicom";
import { matchesText } from "@isocenter/archive/match";
import { withHeader } from "../files.ts";

interface Values {
  readonly vr: Vr;
  readonly values: readonly string[];
}
type Attributes = Map<string, Values>;

interface Instance {
  readonly path: string;
  readonly sopInstanceUid: string;
  readonly attributes: Attributes;
}
interface Series {
  readonly uid: string;
  readonly attributes: Attributes;
  readonly instances: Map<string, Instance>;
}
interface Study {
  readonly uid: string;
  readonly patientKey: string;
  readonly attributes: Attributes;
  readonly series: Map<string, Series>;
}

/** Attributes that are kept, by the level that they are answered from. */
const kept: Readonly<Record<QueryLevel, readonly string[]>> = {
  PATIENT: words(
    "PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex OtherPatientIDs PatientComments",
  ),
  STUDY: words(
    "StudyDate StudyTime AccessionNumber StudyID StudyInstanceUID ReferringPhysicianName StudyDescription PatientAge PatientSize PatientWeight",
  ),
  SERIES: words(
    "Modality SeriesNumber SeriesInstanceUID SeriesDescription SeriesDate SeriesTime BodyPartExamined Laterality ProtocolName PerformedProcedureStepStartDate PerformedProcedureStepStartTime OperatorsName InstitutionName StationName Manufacturer ManufacturerModelName FrameOfReferenceUID",
  ),
  IMAGE: words(
    "SOPClassUID SOPInstanceUID InstanceNumber ContentDate ContentTime AcquisitionDate AcquisitionTime Rows Columns BitsAllocated NumberOfFrames ImageType",
  ),
};
const levels = ["PATIENT", "STUDY", "SERIES", "IMAGE"] as const;

export class FileIndex {
  readonly #studies = new Map<string, Study>();
  /** Files that could not be read as DICOM. */
  unreadable = 0;

  static async of(folder: string, signal: AbortSignal): Promise<FileIndex> {
    const index = new FileIndex();
    for await (const path of walkFiles([folder])) {
      signal.throwIfAborted();
      if (await isPart10File(path)) await index.add(path);
    }
    return index;
  }

  /** A file that is new, or was replaced. What lacks its UIDs is counted and left out. */
  async add(path: string): Promise<void> {
    try {
      await withHeader(path, (header) => this.#add(path, header));
    } catch {
      this.unreadable++;
    }
  }

  get counts(): { readonly studies: number; readonly instances: number } {
    let instances = 0;
    for (const study of this.#studies.values()) instances += count(study);
    return { studies: this.#studies.size, instances };
  }

  async *find(query: Query, { signal }: CallOptions = {}): AsyncGenerator<DataSet> {
    await Promise.resolve();
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates(query.level)) {
      signal?.throwIfAborted();
      if (!isMatch(candidate, query)) continue;
      yield answer(candidate, query);
      if (--left <= 0) return;
    }
  }

  async *retrieve(selection: Selection, { signal }: CallOptions = {}): AsyncGenerator<InstanceStream> {
    const study = this.#studies.get(selection.studyInstanceUid);
    for (const series of study?.series.values() ?? []) {
      if (selection.seriesInstanceUid !== undefined && selection.seriesInstanceUid !== series.uid) continue;
      for (const { path, sopInstanceUid } of series.instances.values()) {
        signal?.throwIfAborted();
        if (selection.sopInstanceUid !== undefined && selection.sopInstanceUid !== sopInstanceUid) continue;
        yield await instanceFromFile(path);
      }
    }
  }

  #add(path: string, header: DataSet): void {
    const [studyUid, seriesUid, sopInstanceUid] = words(
      "StudyInstanceUID SeriesInstanceUID SOPInstanceUID",
    ).map((one) => header.string(one));
    if (studyUid === undefined || seriesUid === undefined || sopInstanceUid === undefined) {
      this.unreadable++;
      return;
    }
    const study = found(this.#studies, studyUid, () => ({
      uid: studyUid,
      // Without a Patient ID nothing says that two studies are of one person.
      patientKey: `${header.string("PatientID") ?? `\\${studyUid}`}\\${header.string("IssuerOfPatientID") ?? ""}`,
      attributes: attributesOf(header, ["PATIENT", "STUDY"]),
      series: new Map(),
    }));
    const series = found(study.series, seriesUid, () => ({
      uid: seriesUid,
      attributes: attributesOf(header, ["SERIES"]),
      instances: new Map(),
    }));
    series.instances.set(sopInstanceUid, {
      path,
      sopInstanceUid,
      attributes: attributesOf(header, ["IMAGE"]),
    });
  }

  *#candidates(level: QueryLevel): Generator<Attributes> {
    const patients = new Set<string>();
    for (const study of this.#studies.values()) {
      if (level === "PATIENT") {
        if (patients.has(study.patientKey)) continue;
        patients.add(study.patientKey);
        yield joined(study.attributes, this.#ofPatient(study.patientKey));
        continue;
      }
      const ofStudy = joined(study.attributes, ofWholeStudy(study));
      if (level === "STUDY") yield ofStudy;
      else for (const series of study.series.values()) yield* ofOneSeries(ofStudy, series, level);
    }
  }

  #ofPatient(patientKey: string): Attributes {
    const studies = [...this.#studies.values()].filter((study) => study.patientKey === patientKey);
    return numbers({
      NumberOfPatientRelatedStudies: studies.length,
      NumberOfPatientRelatedSeries: studies.reduce((sum, study) => sum + study.series.size, 0),
      NumberOfPatientRelatedInstances: studies.reduce((sum, study) => sum + count(study), 0),
    });
  }
}

function* ofOneSeries(ofStudy: Attributes, series: Series, level: QueryLevel): Generator<Attributes> {
  const own = numbers({ NumberOfSeriesRelatedInstances: series.instances.size });
  const ofSeries = joined(ofStudy, series.attributes, own);
  if (level === "SERIES") yield ofSeries;
  else for (const instance of series.instances.values()) yield joined(ofSeries, instance.attributes);
}

function ofWholeStudy(study: Study): Attributes {
  const series = [...study.series.values()];
  const distinct = (
    keyword: string,
    of: readonly { readonly attributes: Attributes }[],
  ): readonly string[] => [...new Set(of.flatMap(({ attributes }) => attributes.get(keyword)?.values ?? []))];
  const instances = series.flatMap((one) => [...one.instances.values()]);
  const computed = numbers({
    NumberOfStudyRelatedSeries: series.length,
    NumberOfStudyRelatedInstances: instances.length,
  });
  computed.set("ModalitiesInStudy", { vr: "CS", values: distinct("Modality", series) });
  computed.set("SOPClassesInStudy", { vr: "UI", values: distinct("SOPClassUID", instances) });
  return computed;
}

/** Keys of levels below are no keys here; the modality of a study is asked for by many, and means that it has it. */
function isMatch(candidate: Attributes, { level, keys }: Query): boolean {
  return [...keys].every(({ tag, vr }) => {
    const keyword = keywordOf(tag) ?? "";
    const isAsked = keyword === "Modality" && level === "STUDY" ? "ModalitiesInStudy" : keyword;
    const held = candidate.get(isAsked);
    const isKept =
      held !== undefined ||
      levels.slice(0, levels.indexOf(level) + 1).some((one) => kept[one].includes(keyword));
    return vr === "SQ" || !isKept || matchesText(held?.vr ?? vr, held?.values ?? [], keys.strings(tag));
  });
}

const uniqueKeys = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"] as const;
const notAnswered = new Set(["SpecificCharacterSet", "QueryRetrieveLevel"]);

/** The keys that were asked for, and the unique keys down to the level (PS3.4 C.4.1.1.3.2). */
function answer(candidate: Attributes, { level, keys }: Query): DataSet {
  const wanted = new Set<string>(uniqueKeys.slice(0, levels.indexOf(level) + 1));
  for (const { tag } of keys) {
    const keyword = keywordOf(tag);
    if (keyword !== undefined && !notAnswered.has(keyword)) wanted.add(keyword);
  }
  const init = Object.fromEntries(
    [...wanted].map((keyword) => [keyword, candidate.get(keyword)?.values ?? ""]),
  );
  return DataSet.of({
    ...(init as DataSetInit),
    SpecificCharacterSet: "ISO_IR 192",
    QueryRetrieveLevel: level,
  });
}

function attributesOf(header: DataSet, of: readonly QueryLevel[]): Attributes {
  const attributes: Attributes = new Map();
  for (const keyword of of.flatMap((level) => kept[level])) {
    const element = header.element(keyword);
    if (element !== undefined) attributes.set(keyword, { vr: element.vr, values: header.strings(keyword) });
  }
  return attributes;
}

function numbers(counts: Readonly<Record<string, number>>): Attributes {
  return new Map(
    Object.entries(counts).map(([keyword, number]) => [keyword, { vr: "IS", values: [String(number)] }]),
  );
}

const joined = (...all: readonly Attributes[]): Attributes => new Map(all.flatMap((one) => [...one]));

const count = (study: Study): number =>
  [...study.series.values()].reduce((sum, series) => sum + series.instances.size, 0);

function found<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function words(text: string): string[] {
  return text.split(" ");
}
