/** Matching by PS3.4 C.2.2.2 at all four levels, on each database. */
import { DataSet, type DataSetInit } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { collect, findValues, instance, storeAll } from "../../test/instances.ts";
import type { Query, QueryLevel } from "../../image-source.ts";
import type { LocalArchive } from "../local-archive.ts";

const code = (value: string, meaning: string): DataSetInit => ({
  CodeValue: value,
  CodingSchemeDesignator: "99ISO",
  CodeMeaning: meaning,
});

const patients: readonly DataSetInit[] = [
  {
    PatientID: "a1",
    PatientName: "Müller^Anna",
    PatientBirthDate: "19700102",
    StudyDate: "20240101",
    StudyTime: "0830",
    AccessionNumber: "ACC-1",
    StudyDescription: "Thorax nativ",
    ReferringPhysicianName: "Weiß^Karl",
    Modality: "CT",
    SeriesNumber: "007",
    ProcedureCodeSequence: [code("P1", "Chest"), code("P2", "Neck")],
    OtherStudyNumbers: 5,
  },
  {
    PatientID: "A2",
    PatientName: "Mueller^Bo",
    PatientBirthDate: "19811231",
    StudyDate: "20240131",
    StudyTime: "120000",
    AccessionNumber: "ACC-2",
    Modality: "MR",
    ProcedureCodeSequence: [code("P2", "Chest")],
  },
  {
    PatientID: "A_3",
    PatientName: "Yamada^Tarou=山田^太郎=やまだ^たろう",
    StudyDate: "20240215",
    StudyTime: "2359",
    Modality: "MR",
    BodyPartExamined: "HEAD",
  },
  { PatientID: "A%4", PatientName: "", StudyDate: "", Modality: "US", PatientComments: "Needs a Wheelchair" },
];

describeOnEachDatabase("a query", (archives) => {
  let archive: LocalArchive;
  const find = (
    level: QueryLevel,
    keys: DataSetInit,
    want?: string,
    options?: Partial<Query>,
  ): Promise<string[]> => findValues(archive, level, keys, want, options);

  beforeAll(async () => {
    ({ archive } = await archives.create());
    const instances = patients.flatMap((patient, index) => [
      instance(`1.2.${index}.1.1`, { ...patient, StudyInstanceUID: `1.2.${index + 100}`, InstanceNumber: 1 }),
      instance(`1.2.${index}.1.2`, {
        ...patient,
        StudyInstanceUID: `1.2.${index + 100}`,
        InstanceNumber: 2,
        ImageComments: `image of ${patient["PatientID"] as string}`,
      }),
    ]);
    // A second series in the first study: a report.
    instances.push(
      instance("1.2.0.2.1", {
        ...patients[0],
        StudyInstanceUID: "1.2.100",
        SeriesInstanceUID: "1.2.100.8",
        Modality: "SR",
        SOPClassUID: "1.2.840.10008.5.1.4.1.1.88.11",
        SeriesDescription: "Befund",
      }),
    );
    const outcomes = await storeAll(archive, ...instances);
    expect(outcomes.filter(({ kind }) => kind !== "stored")).toEqual([]);
  });
  afterAll(() => archive.close());

  it.each<[string, DataSetInit, string[]]>([
    ["everything, without a key", {}, ["A%4", "A2", "A_3", "a1"]],
    ["a single value, with its case", { PatientID: "a1" }, ["a1"]],
    ["no other case of an ID", { PatientID: "A1" }, []],
    ["a wildcard in an ID, with its case", { PatientID: "*1" }, ["a1"]],
    ["no other case with wildcards", { PatientID: "?1*" }, ["a1"]],
    ["a prefix of an ID, with its case", { PatientID: "A*" }, ["A%4", "A2", "A_3"]],
    ["a prefix and a wildcard", { PatientID: "A?3" }, ["A_3"]],
    ["an underscore as itself", { PatientID: "?_3" }, ["A_3"]],
    ["a percent sign as itself", { PatientID: "A%*" }, ["A%4"]],
    ["a name by prefix, case and accents folded", { PatientName: "mul*" }, ["a1"]],
    ["a name by ?", { PatientName: "M?ller*" }, ["a1"]],
    ["a name with empty components at its end", { PatientName: "MUELLER^BO^^^" }, ["A2"]],
    ["a name by its ideographic group", { PatientName: "山田*" }, ["A_3"]],
    ["a name by its phonetic group", { PatientName: "やまだ^たろう" }, ["A_3"]],
    ["a name by two groups", { PatientName: "Yamada*=山田*" }, ["A_3"]],
    ["no name of which one group is another", { PatientName: "Yamada*=田中*" }, []],
    ["only * as everything", { PatientName: "*" }, ["A%4", "A2", "A_3", "a1"]],
    ["a range of dates, both ends within", { StudyDate: "20240101-20240131" }, ["A2", "a1"]],
    ["dates from", { StudyDate: "20240131-" }, ["A2", "A_3"]],
    ["dates until, without those that have none", { StudyDate: "-20240131" }, ["A2", "a1"]],
    ["a range of times", { StudyTime: "0800-1200" }, ["A2", "a1"]],
    ["an hour as the time within it", { StudyTime: "08" }, ["a1"]],
    ["dates and times each for itself", { StudyDate: "20240101-20240131", StudyTime: "1000-1300" }, ["A2"]],
    ["a list of UIDs", { StudyInstanceUID: ["1.2.100", "1.2.103"] }, ["A%4", "a1"]],
    ["modalities in study", { ModalitiesInStudy: "MR" }, ["A2", "A_3"]],
    ["one of several modalities in study", { ModalitiesInStudy: ["US", "SR"] }, ["A%4", "a1"]],
    ["modalities in study by wildcard", { ModalitiesInStudy: "?R" }, ["A2", "A_3", "a1"]],
    ["Modality, asked of studies, as that of a series", { Modality: "SR" }, ["a1"]],
    ["SOP classes in study", { SOPClassesInStudy: "1.2.840.10008.5.1.4.1.1.88.11" }, ["a1"]],
    ["an accession number", { AccessionNumber: "ACC-2" }, ["A2"]],
    ["a description, folded", { StudyDescription: "THORAX*" }, ["a1"]],
    ["a referring physician, folded", { ReferringPhysicianName: "wei*" }, ["a1"]],
    ["a birth date", { PatientBirthDate: "1970.01.02" }, ["a1"]],
    ["a range of birth dates", { PatientBirthDate: "19800101-19901231" }, ["A2"]],
    ["a key without a column, by its text", { PatientComments: "*wheelchair" }, ["A%4"]],
    ["a key without a column, by its number", { OtherStudyNumbers: "05" }, ["a1"]],
    ["a number that the archive counts", { NumberOfStudyRelatedInstances: 3 }, ["a1"]],
    ["an item of a sequence", { ProcedureCodeSequence: [{ CodeValue: "P2" }] }, ["A2", "a1"]],
    [
      "one item that matches all, not two that match one key each",
      { ProcedureCodeSequence: [{ CodeValue: "P2", CodeMeaning: "Chest" }] },
      ["A2"],
    ],
    [
      "a sequence without values as everything",
      { ProcedureCodeSequence: [{ CodeValue: "" }] },
      ["A%4", "A2", "A_3", "a1"],
    ],
    ["a series' attribute, asked of studies", { BodyPartExamined: "head" }, ["A_3"]],
    ["an instance's UID, asked of studies", { SOPInstanceUID: "1.2.1.1.2" }, ["A2"]],
    ["two keys as both", { ModalitiesInStudy: "MR", PatientName: "mue*" }, ["A2"]],
  ])("finds %s", async (_what, keys, ids) => {
    expect(await find("STUDY", keys)).toEqual(ids.toSorted());
  });

  it("takes a date and a time as one stretch where that is asked for", async () => {
    const keys = { StudyDate: "20240101-20240215", StudyTime: "0900-1000" };
    expect(await find("STUDY", keys)).toEqual([]);
    expect(await find("STUDY", keys, "PatientID", { combinedDateTime: true })).toEqual(["A2"]);
  });

  it("finds names that sound alike when asked to", async () => {
    expect(await find("STUDY", { PatientName: "Miller" })).toEqual([]);
    expect(await find("STUDY", { PatientName: "Miller" }, "PatientID", { fuzzy: true })).toEqual([
      "A2",
      "a1",
    ]);
    expect(await find("STUDY", { PatientName: "anna muller" }, "PatientID", { fuzzy: true })).toEqual(["a1"]);
  });

  it("answers hostile wildcards soon", async () => {
    const start = performance.now();
    expect(await find("STUDY", { PatientName: `${"*a".repeat(30)}b` })).toEqual([]);
    expect(await find("STUDY", { PatientComments: `${"*e".repeat(40)}z` })).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it.each(["'; drop table study; --", "\\", "%", "_", "?", "*?*", "\u0000", "\ud800", "a".repeat(100_000)])(
    "takes the value %j as a value",
    async (value) => {
      for (const keyword of ["PatientID", "PatientName", "StudyDescription", "StudyDate", "StudyInstanceUID"])
        expect(Array.isArray(await find("STUDY", { [keyword]: value }))).toBe(true);
      expect(await find("STUDY", {})).toHaveLength(4);
    },
  );

  it("asks each level below the one above", async () => {
    expect(await find("SERIES", { StudyInstanceUID: "1.2.101" }, "SeriesInstanceUID")).toEqual(["1.2.101.9"]);
    const image = { StudyInstanceUID: "1.2.101", SeriesInstanceUID: "1.2.101.9" };
    expect(await find("IMAGE", image, "SOPInstanceUID")).toEqual(["1.2.1.1.1", "1.2.1.1.2"]);
    expect(await find("IMAGE", { ...image, InstanceNumber: "02" }, "SOPInstanceUID")).toEqual(["1.2.1.1.2"]);
    expect(await find("PATIENT", { PatientID: "A2" })).toEqual(["A2"]);
    expect(await find("PATIENT", { PatientName: "m*" })).toEqual(["A2", "a1"]);
  });

  it("asks across levels", async () => {
    expect(await find("SERIES", { Modality: "MR" }, "SeriesInstanceUID")).toEqual(["1.2.101.9", "1.2.102.9"]);
    expect(await find("SERIES", { SeriesNumber: 7, PatientID: "a1" }, "SeriesInstanceUID")).toEqual([
      "1.2.100.8",
      "1.2.100.9",
    ]);
    expect(await find("SERIES", { SeriesInstanceUID: "1.2.102.9" }, "StudyInstanceUID")).toEqual(["1.2.102"]);
    expect(await find("IMAGE", { SOPInstanceUID: "1.2.2.1.1" }, "StudyInstanceUID")).toEqual(["1.2.102"]);
    expect(await find("IMAGE", { PatientID: "A2" }, "SOPInstanceUID")).toEqual(["1.2.1.1.1", "1.2.1.1.2"]);
    expect(await find("IMAGE", { ImageComments: "*A_3" }, "SOPInstanceUID")).toEqual(["1.2.2.1.2"]);
    expect(await find("PATIENT", { StudyDate: "20240131" })).toEqual(["A2"]);
    expect(await find("PATIENT", { Modality: "SR" })).toEqual(["a1"]);
  });

  it("answers what is counted, and the unique keys of the levels above", async () => {
    const keys = DataSet.of({
      SeriesDescription: "Befund",
      NumberOfSeriesRelatedInstances: "",
      NumberOfStudyRelatedSeries: "",
      NumberOfStudyRelatedInstances: "",
      ModalitiesInStudy: "",
      SOPClassesInStudy: "",
    });
    const [series] = await collect(archive.find({ level: "SERIES", keys }));
    expect(series?.strings("ModalitiesInStudy")).toEqual(["CT", "SR"]);
    expect(series?.strings("SOPClassesInStudy")).toHaveLength(2);
    expect(series?.number("NumberOfSeriesRelatedInstances")).toBe(1);
    expect(series?.number("NumberOfStudyRelatedSeries")).toBe(2);
    expect(series?.number("NumberOfStudyRelatedInstances")).toBe(3);
    expect(series?.string("StudyInstanceUID")).toBe("1.2.100");
    expect(series?.string("QueryRetrieveLevel")).toBe("SERIES");
    const related = DataSet.of({
      PatientID: "a1",
      NumberOfPatientRelatedStudies: "",
      NumberOfPatientRelatedSeries: "",
      NumberOfPatientRelatedInstances: "",
    });
    const [patient] = await collect(archive.find({ level: "PATIENT", keys: related }));
    expect(patient?.numbers("NumberOfPatientRelatedStudies")).toEqual([1]);
    expect(patient?.numbers("NumberOfPatientRelatedSeries")).toEqual([2]);
    expect(patient?.numbers("NumberOfPatientRelatedInstances")).toEqual([3]);
  });

  it("answers what is asked to be included, and everything when all is", async () => {
    const keys = DataSet.of({ StudyInstanceUID: "1.2.100" });
    const [plain] = await collect(archive.find({ level: "STUDY", keys }));
    expect(plain?.has("AccessionNumber")).toBe(false);
    const [one] = await collect(archive.find({ level: "STUDY", keys, include: [0x00080050] }));
    expect(one?.string("AccessionNumber")).toBe("ACC-1");
    const [all] = await collect(archive.find({ level: "STUDY", keys, include: "all" }));
    expect(all?.string("PatientName")).toBe("Müller^Anna");
    expect(all?.number("NumberOfStudyRelatedInstances")).toBe(3);
    const [image] = await collect(archive.find({ level: "IMAGE", keys, include: "all" }));
    expect(image?.string("SOPClassUID")).toBe("1.2.840.10008.5.1.4.1.1.2");
  });

  it("ends when it is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(collect(archive.find({ level: "STUDY", keys: DataSet.empty }, { signal }))).rejects.toThrow(
      "enough",
    );
  });

  it("refuses a level that does not exist", async () => {
    const query = { level: "FRAME" as QueryLevel, keys: DataSet.empty };
    await expect(collect(archive.find(query))).rejects.toMatchObject({ code: "query-unsupported" });
  });

  describe("over many studies", () => {
    const uids = Array.from({ length: 730 }, (_, index) => `1.3.${index}`);
    let many: LocalArchive;
    beforeAll(async () => {
      ({ archive: many } = await archives.create());
      const instances = uids.map((uid, index) =>
        instance(`${uid}.1`, {
          StudyInstanceUID: uid,
          PatientID: `M${index}`,
          PatientName: `Name${index % 7}^X`,
          StudyDate: `2024${String(1 + (index % 12)).padStart(2, "0")}01`,
          OtherStudyNumbers: index % 2,
        }),
      );
      await Promise.all(instances.map((one) => many.storeOne(one)));
    });
    afterAll(() => many.close());

    const list = async (
      keys: DataSetInit,
      options: Partial<Query> = {},
      level: QueryLevel = "STUDY",
    ): Promise<string[]> =>
      (await collect(many.find({ level, keys: DataSet.of({ PatientID: "", ...keys }), ...options }))).map(
        (match) => match.string("PatientID") ?? "",
      );

    it("finds each once, the newest first", async () => {
      const found = await collect(
        many.find({ level: "STUDY", keys: DataSet.of({ StudyDate: "", StudyInstanceUID: "" }) }),
      );
      const dates = found.map((match) => match.string("StudyDate") ?? "");
      expect(dates).toEqual(dates.toSorted().reverse());
      expect(new Set(found.map((match) => match.string("StudyInstanceUID"))).size).toBe(uids.length);
    });

    it.each<[string, DataSetInit, QueryLevel]>([
      ["studies without a key", {}, "STUDY"],
      ["studies by an index", { PatientName: "name3*" }, "STUDY"],
      ["studies by a modality", { ModalitiesInStudy: "CT" }, "STUDY"],
      ["studies by what has no column", { OtherStudyNumbers: 1 }, "STUDY"],
      ["series", {}, "SERIES"],
      ["patients", { PatientName: "name*" }, "PATIENT"],
    ])("cuts %s into pages that join to the whole", async (_what, keys, level) => {
      const whole = await list(keys, {}, level);
      const pages: string[] = [];
      for (let offset = 0; ; offset += 90) {
        const page = await list(keys, { offset, limit: 90 }, level);
        pages.push(...page);
        if (page.length < 90) break;
      }
      expect(pages).toEqual(whole);
      expect(await list(keys, { limit: 5 }, level)).toEqual(whole.slice(0, 5));
    });
  });
});
