/**
 * The index when it is large: rows of studies, series and instances made up in the database itself, then the first page
 * of the queries that people make, ingest before and after, and the memory it all takes.
 *
 * node bench/index.mjs [--studies 1000000] [--database postgres://…] [--folder /where] [--keep]
 *
 * Each study has 4 series of 5 instances. `--keep` leaves the folder, and uses what is there the next time.
 */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LocalArchive } from "@isocenter/archive";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import Sqlite from "better-sqlite3";
import pg from "pg";

const { values } = parseArgs({
  options: {
    studies: { type: "string", default: "100000" },
    database: { type: "string" },
    folder: { type: "string" },
    keep: { type: "boolean", default: false },
    rounds: { type: "string", default: "200" },
  },
});
const studies = Number(values.studies);
const rounds = Number(values.rounds);
const names = [
  "smith",
  "mueller",
  "garcia",
  "kowalski",
  "nguyen",
  "yamada",
  "okafor",
  "dubois",
  "rossi",
  "jensen",
];
const firsts = [
  "anna",
  "bo",
  "carl",
  "dora",
  "emil",
  "fay",
  "gus",
  "hana",
  "ivo",
  "jana",
  "kim",
  "lea",
  "max",
];
const modalities = ["CT", "MR", "CR", "US", "DX", "MG", "PT", "NM", "XA", "OT"];
/** Shares of studies by modality, in thousandths: some are rare. */
const shares = [300, 550, 700, 850, 940, 970, 985, 995, 999, 1000];

const folder = values.folder ?? (await mkdtemp(join(tmpdir(), "isocenter-index-")));
await mkdir(folder, { recursive: true });
const where = { folder, ...(values.database && { database: values.database }) };
const isFresh = !existsSync(join(folder, "bench-done"));

/** Expressions in the SQL that both databases speak; `i` counts from 0, `h` is spread evenly. */
const pick = (list, by) => `case ${by} ${list.map((one, at) => `when ${at} then '${one}'`).join(" ")} end`;
const modality = `case ${shares.map((share, at) => `when h % 1000 < ${share} then '${modalities[at]}'`).join(" ")} end`;

async function fill(run, kind) {
  const big = kind === "sqlite" ? (n) => n : (n) => `${n}::bigint`;
  const text = kind === "sqlite" ? (x) => `(${x})` : (x) => `(${x})::text`;
  const hash = (i) => `((${i} * ${big("2654435761")}) % ${big("4294967296")})`;
  const series = (count, from) =>
    kind === "sqlite"
      ? `(with recursive n(i) as (select ${from} union all select i + 1 from n where i + 1 < ${from + count}) select i from n)`
      : `(select generate_series(${from}::bigint, ${from + count - 1}::bigint) as i)`;
  const date =
    kind === "sqlite"
      ? `strftime('%Y%m%d', '2015-01-01', '+' || (h / 7 % 3650) || ' days')`
      : `to_char(date '2015-01-01' + (h / 7 % 3650)::int, 'YYYYMMDD')`;
  const patients = Math.ceil(studies * 0.6);
  const patientValues = (p) => {
    const h = hash(p);
    const name = `${pick(names, `(${h} / 11 % 10)`)} || ${text(`${h} / 13 % 9000`)} || '^' || ${pick(firsts, `(${h} / 17 % 13)`)}`;
    return {
      patient_id: `'PID' || ${text(p)}`,
      patient_name: name,
      patient_name_sounds: `' X000 '`,
      patient_birth_date: `${text(`1920 + ${h} / 3 % 100`)} || '0' || ${text(`1 + ${h} % 9`)} || '15'`,
      patient_sex: `case ${h} % 2 when 0 then 'M' else 'F' end`,
    };
  };
  const insert = async (
    table,
    row,
    count,
    from = (n, at) => `(select i, ${hash("i")} as h from ${series(n, at)} n) q`,
  ) => {
    const step = 500_000;
    for (let at = 0; at < count; at += step)
      await run(
        `insert into ${table} (${Object.keys(row).join(", ")}) select ${Object.values(row).join(", ")} from ${from(Math.min(step, count - at), at)}`,
      );
  };
  const json = (level) =>
    `'{"00100020":{"vr":"LO","Value":["${level}' || ${text("i")} || '"]},"00080060":{"vr":"CS","Value":["CT"]}}'`;
  const time = async (what, work) => {
    const start = performance.now();
    await work();
    console.log(`  ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  };
  await time(`${patients} patients`, () =>
    insert(
      "patient",
      {
        id: "i + 1",
        patient_key: `'PID' || ${text("i")} || '\\'`,
        ...patientValues("i"),
        attributes: json("P"),
      },
      patients,
    ),
  );
  const patientOf = `(h % ${patients})`;
  await time(`${studies} studies`, () =>
    insert(
      "study",
      {
        id: "i + 1",
        patient: `${patientOf} + 1`,
        study_uid: `'1.2.826.0.1.3680043.8.498.' || ${text("h")} || ${text("i")}`,
        study_date: date,
        study_time: `'101010.000000'`,
        accession_number: `'A' || ${text("h")}`,
        study_id: text("i"),
        description: `'study of region ' || ${text("h % 40")}`,
        referring_physician: `'ref' || ${text("h % 500")}`,
        ...patientValues(patientOf),
        modalities: `'\\' || ${modality} || '\\'`,
        sop_classes: `'\\1.2.840.10008.5.1.4.1.1.2\\'`,
        series_count: 4,
        instance_count: 20,
        size: 10_000_000,
        created_at: `'2024-01-01T00:00Z'`,
        updated_at: `'2024-01-01T00:' || ${text("10 + h % 50")} || 'Z'`,
        attributes: json("S"),
      },
      studies,
    ),
  );
  await time("modalities", () =>
    run(
      "insert into study_modality (modality, study_date, study) select trim(modalities, '\\'), study_date, id from study order by 1, 2, 3",
    ),
  );
  await time(`${studies * 4} series`, () =>
    insert(
      "series",
      {
        id: "i + 1",
        study: "i / 4 + 1",
        series_uid: `'1.2.826.0.1.3680043.8.499.' || ${text("h")} || ${text("i")}`,
        modality: modality.replaceAll("h %", `${hash("(i / 4)")} %`),
        series_number: text("i % 4"),
        description: `'series ' || ${text("h % 100")}`,
        instance_count: 5,
        attributes: json("E"),
      },
      studies * 4,
    ),
  );
  await time(`${studies * 20} instances`, () =>
    insert(
      "instance",
      {
        id: "i + 1",
        series: "i / 5 + 1",
        // UIDs of a study stand together, those of studies are spread, as in life.
        sop_uid: `'1.2.826.0.1.3680043.8.500.' || ${text(hash("(i / 20)"))} || '.' || ${text("i")}`,
        sop_class: `'1.2.840.10008.5.1.4.1.1.2'`,
        instance_number: text("i % 5"),
        transfer_syntax: `'1.2.840.10008.1.2.1'`,
        size: 526_000,
        data_set_offset: 340,
        hash: `'${"0123456789abcdef".repeat(4)}'`,
        received_at: `'2024-01-01T00:00:00.000Z'`,
        source_ae: `'BENCH'`,
        attributes: json("I"),
      },
      studies * 20,
    ),
  );
  await run(
    `update total set patients = ${patients}, studies = ${studies}, series = ${studies * 4}, instances = ${studies * 20}`,
  );
}

function instance(uid, study) {
  const syntax = TransferSyntax.ExplicitVRLittleEndian;
  const bytes = encodeDataSet(
    DataSet.of({
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
      SOPInstanceUID: uid,
      StudyInstanceUID: study,
      SeriesInstanceUID: `${study}.1`,
      PatientID: `I${study}`,
      PatientName: "Ingest^Bench",
      StudyDate: "20240131",
      Modality: "CT",
      PixelData: new Uint8Array(10_000),
    }),
    syntax,
  );
  return {
    sopClassUid: "1.2.840.10008.5.1.4.1.1.2",
    sopInstanceUid: uid,
    transferSyntaxUid: syntax,
    async *dataSet() {
      yield bytes;
    },
  };
}

async function ingest(archive, what) {
  const count = 1000;
  const stamp = Date.now();
  const list = Array.from({ length: count }, (_, at) =>
    instance(
      `1.2.826.0.1.3680043.8.501.${(stamp * 7919 * (1 + (at % 50))) % 1e9}.${at}`,
      `1.2.9.${stamp}.${at % 50}`,
    ),
  );
  const start = performance.now();
  for (const one of list) {
    const { kind, reason } = await archive.storeOne(one);
    if (kind !== "stored") throw new Error(`${kind} ${reason}`);
  }
  console.log(
    `ingest ${what}: ${Math.round((count / (performance.now() - start)) * 1000)} instances/s of 10 kB, one after the other`,
  );
}

const any = (n) => Math.floor(Math.random() * n);
const day = () => new Date(Date.UTC(2015, 0, 1 + any(3600))).toISOString().slice(0, 10).replaceAll("-", "");
const queries = {
  "no key": () => ["STUDY", {}],
  "name prefix, 1 letter": () => ["STUDY", { PatientName: `${"smgknyodrj"[any(10)]}*` }],
  "name prefix, a family name": () => ["STUDY", { PatientName: `${names[any(10)]}*` }],
  "name prefix, few": () => ["STUDY", { PatientName: `${names[any(10)]}${any(9000)}^*` }],
  "name prefix, none": () => ["STUDY", { PatientName: `zz${any(99)}*` }],
  "date, a day": () => ["STUDY", { StudyDate: day() }],
  "date, a range of a year": () => [
    "STUDY",
    {
      StudyDate: `${day()}-${day()}`.replace(/(\d+)-(\d+)/, (_, a, b) => (a < b ? `${a}-${b}` : `${b}-${a}`)),
    },
  ],
  "patient id": () => ["STUDY", { PatientID: `PID${any(studies * 0.6)}` }],
  "patient id, none": () => ["STUDY", { PatientID: `NONE${any(99)}` }],
  "accession number": () => ["STUDY", { AccessionNumber: `A${any(4294967296)}` }],
  "modality, common": () => ["STUDY", { ModalitiesInStudy: modalities[any(4)] }],
  "modality, rare": () => ["STUDY", { ModalitiesInStudy: ["XA", "OT", "NM"][any(3)] }],
  "modality, none": () => ["STUDY", { ModalitiesInStudy: "IVUS" }],
  "name and date": () => ["STUDY", { PatientName: `${names[any(10)]}*`, StudyDate: day() }],
  "name and modality": () => [
    "STUDY",
    { PatientName: `${names[any(10)]}${any(9)}*`, ModalitiesInStudy: modalities[any(10)] },
  ],
  "date and modality": () => ["STUDY", { StudyDate: `${day()}-`, ModalitiesInStudy: modalities[any(10)] }],
  "description prefix": () => ["STUDY", { StudyDescription: `study of region ${any(40)}*` }],
  "series of a study": () => ["SERIES", { StudyInstanceUID: uidOf(any(studies)) }],
  "series by modality, relational": () => ["SERIES", { Modality: modalities[any(10)] }],
  "instances of a study": () => ["IMAGE", { StudyInstanceUID: uidOf(any(studies)) }],
  "patients by name prefix": () => ["PATIENT", { PatientName: `${names[any(10)]}${any(99)}*` }],
  "patient by id": () => ["PATIENT", { PatientID: `PID${any(studies * 0.6)}` }],
};
const uidOf = (i) => `1.2.826.0.1.3680043.8.498.${(BigInt(i) * 2654435761n) % 4294967296n}${i}`;

async function measure(archive) {
  for (const [name, make] of Object.entries(queries)) {
    const times = [];
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const [level, keys] = make();
      const all = { PatientName: "", PatientID: "", StudyDate: "", StudyInstanceUID: "", ...keys };
      const start = performance.now();
      for await (const _ of archive.find({ level, keys: DataSet.of(all), limit: 100 })) found++;
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const at = (share) =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1).padStart(7);
    console.log(
      `${name.padEnd(34)} p50 ${at(0.5)}  p99 ${at(0.99)} ms   ${(found / rounds).toFixed(1)} found`,
    );
  }
}

if (isFresh) {
  const empty = await LocalArchive.open(where);
  await ingest(empty, "into the empty archive");
  await empty.delete({ studyInstanceUid: "1.2.9" });
  await empty.close();
  console.log(`filling in ${studies} studies`);
  if (values.database === undefined) {
    const sqlite = new Sqlite(join(folder, "index.sqlite"));
    sqlite.pragma("synchronous = OFF");
    sqlite.pragma("cache_size = -2000000");
    for (const table of ["instance", "series", "study_modality", "study", "patient"])
      sqlite.exec(`delete from ${table}`);
    await fill((sql) => sqlite.exec(sql), "sqlite");
    sqlite.pragma("wal_checkpoint(truncate)");
    sqlite.close();
    console.log(`index: ${((await stat(join(folder, "index.sqlite"))).size / 2 ** 30).toFixed(1)} GiB`);
  } else {
    const client = new pg.Client(values.database);
    await client.connect();
    // Without checking every row's reference to the one that was made with it.
    await client.query("set session_replication_role = replica");
    await client.query("truncate instance, series, study_modality, study, patient restart identity cascade");
    await fill((sql) => client.query(sql), "postgres");
    for (const table of ["patient", "study", "series", "instance"])
      await client.query(
        `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`,
      );
    await client.query("vacuum analyze");
    await client.end();
  }
  if (values.keep) await (await import("node:fs/promises")).writeFile(join(folder, "bench-done"), "");
}
const archive = await LocalArchive.open(where);
await measure(archive);
await ingest(archive, "into the full archive");
const counting = performance.now();
await archive.counts();
console.log(`counts: ${(performance.now() - counting).toFixed(1)} ms`);
console.log(
  `memory: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB, ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`,
);
await archive.close();
if (!values.keep) await rm(folder, { recursive: true });
