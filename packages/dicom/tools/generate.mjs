// Writes the `*.generated.ts` tables from packages/dicom/standard/*.tsv. Run: npm run generate
// The output is packed into a few strings, because source text is what a browser has to download.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const standard = join(here, "../standard");
const source = join(here, "../src");
const edition = "PS3.6 2026b";

function rows(name) {
  const [header, ...lines] = readFileSync(join(standard, `${name}.tsv`), "utf8")
    .trimEnd()
    .split("\n");
  const columns = header.split("\t");
  return lines.map((line) =>
    Object.fromEntries(line.split("\t").map((cell, index) => [columns[index], cell])),
  );
}

const banner = (what, table) =>
  `// @generated from standard/${table}.tsv (${edition}) by tools/generate.mjs. Do not edit.\n/** ${what} */\n`;
const text = (value) => JSON.stringify(value);

/** One character per VR or choice of VRs; the order is the order of `vrCodes` in the output. */
const choices = ["US|SS", "OB|OW", "US|SS|OW", "US|OW"];
const vrs = [
  ..."AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split(
    " ",
  ),
  ...choices,
];
const symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&()*+,-./:;<=>?@[]^_{|}~";

/** "Patient Name" is what the keyword PatientName says already; only other names are stored. */
export function nameFromKeyword(keyword) {
  return keyword.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
}

function elements() {
  const all = rows("elements").filter((row) => row.keyword !== "" || row.vr !== "");
  const usable = all.filter((row) => row.vr !== "NONE" && vrs.includes(row.vr));
  const plain = usable.filter((row) => /^[0-9A-Fa-f]{8}$/.test(row.tag));
  plain.sort((a, b) => Number.parseInt(a.tag, 16) - Number.parseInt(b.tag, 16));
  const repeating = usable.filter((row) => /x/.test(row.tag));
  let before = 0;
  let packed = "";
  for (const row of plain) {
    const tag = Number.parseInt(row.tag, 16);
    packed += (tag - before).toString(36) + symbols[vrs.indexOf(row.vr)];
    before = tag;
  }
  const vrFile =
    banner("VR of every element: tag steps in base 36, each followed by a VR symbol.", "elements") +
    `export const vrSymbols: string = ${text(symbols.slice(0, vrs.length))};\n` +
    `export const vrChoices: readonly string[] = ${text(vrs)};\n` +
    `// In an object, because bundlers put a plain constant into every place that uses it.\n` +
    `export const packed = {\n  vrs: ${text(packed)},\n} as const;\n` +
    `/** Repeating groups and elements, "x" for any hex digit: tag pattern and VR symbol. */\n` +
    `export const repeatingVrs: readonly (readonly [pattern: string, symbol: string])[] = [\n${repeating
      .map(
        (row) =>
          `  [${text(row.tag.toUpperCase().replaceAll("X", "x"))}, ${text(symbols[vrs.indexOf(row.vr)])}],`,
      )
      .join("\n")}\n];\n`;

  const vms = [...new Set([...plain, ...repeating].map((row) => row.vm))].sort();
  const line = (row) => {
    const retired = row.retired === "Y" ? "!" : "";
    const name = row.name === nameFromKeyword(row.keyword) ? "" : `|${row.name}`;
    return `${row.keyword}|${vms.indexOf(row.vm).toString(36)}${retired}${name}`;
  };
  const dictionaryFile =
    banner("Keyword, VM, name and retirement of every element, in the order of the VRs.", "elements") +
    `export const vms: readonly string[] = ${text(vms)};\n` +
    `/** One line an element: keyword|index into vms in base 36, "!" when retired[|name when the keyword does not tell it]. */\n` +
    `export const packedElements: string =\n  ${text(plain.map(line).join("\n"))};\n` +
    `export const packedRepeating: string =\n  ${text(repeating.map(line).join("\n"))};\n`;

  const seen = new Set();
  const types = [...plain, ...repeating].filter(
    (row) => row.keyword !== "" && !seen.has(row.keyword) && seen.add(row.keyword),
  );
  const typeFile =
    banner("VR of each keyword, for the types of values. Costs nothing at run time.", "elements") +
    `export interface KeywordVr {\n${types
      .map(
        (row) =>
          `  ${row.keyword}: ${row.vr
            .split("|")
            .map((vr) => text(vr))
            .join(" | ")};`,
      )
      .join("\n")}\n}\n`;
  return {
    "dictionary/vrs.generated.ts": vrFile,
    "dictionary/elements.generated.ts": dictionaryFile,
    "dictionary/keyword-vr.generated.ts": typeFile,
  };
}

function uids() {
  const all = rows("uids");
  const constant = (name, what, wanted) =>
    `/** ${what} */\nexport const ${name} = {\n${wanted.map((row) => `  ${row.keyword}: ${text(row.uid)},`).join("\n")}\n} as const;\n`;
  const syntaxes = rows("transfer-syntaxes");
  const flag = (value) => (value === "Y" ? "1" : "0");
  const syntaxFile =
    banner("Transfer syntaxes with their encoding.", "transfer-syntaxes") +
    constant(
      "TransferSyntax",
      "UID by keyword.",
      syntaxes.filter((row) => row.keyword !== ""),
    ) +
    `/** uid|keyword|name|explicit,little,deflated,encapsulated,lossy,retired as digits */\n` +
    `export const packedTransferSyntaxes: readonly string[] = [\n${syntaxes
      .map(
        (row) =>
          `  ${text(
            [
              row.uid,
              row.keyword,
              row.name,
              flag(row.vr_encoding === "explicit" ? "Y" : "N") +
                flag(row.endian === "little" ? "Y" : "N") +
                flag(row.deflated_dataset) +
                flag(row.encapsulated_pixel_data) +
                flag(row.lossy.startsWith("lossy") || row.lossy === "Y" ? "Y" : "N") +
                flag(row.retired),
            ].join("|"),
          )},`,
      )
      .join("\n")}\n];\n`;
  const sopFile =
    banner("SOP classes by keyword.", "uids") +
    constant(
      "SopClass",
      "UID by keyword.",
      all.filter((row) => row.type === "SOP Class" && row.keyword !== ""),
    );
  const storage = rows("sop-classes").filter(
    (row) => row.service === "storage" || row.service === "non-patient-object-storage",
  );
  const storageFile =
    banner("Storage SOP classes; a leading ! marks a retired one.", "sop-classes") +
    `export const packedStorage: string = ${text(storage.map((row) => (row.retired === "Y" ? "!" : "") + row.uid).join(" "))};\n`;
  const nameFile =
    banner("Names of the registered UIDs: uid|name lines.", "uids") +
    `export const packedUidNames: string =\n  ${text(
      all
        .filter((row) => row.name !== "")
        .map((row) => `${row.uid}|${row.name.replace(/ *\(Retired\)$/i, "")}`)
        .join("\n"),
    )};\n`;
  return {
    "dictionary/transfer-syntaxes.generated.ts": syntaxFile,
    "dictionary/sop-classes.generated.ts": sopFile,
    "dictionary/storage.generated.ts": storageFile,
    "dictionary/uid-names.generated.ts": nameFile,
  };
}

/** Private elements by creator: `creator`, then one `pattern|VR|VM|name` a line. Loaded by those who want it only. */
function privateElements() {
  const byCreator = new Map();
  for (const { creator, tag, vr, vm, name } of rows("private-elements")) {
    const lines = byCreator.get(creator) ?? [];
    lines.push(`${tag}|${vr}|${vm === "1" ? "" : vm}|${name}`);
    byCreator.set(creator, lines);
  }
  const text = [...byCreator].map(([creator, lines]) => [creator, ...lines].join("\n")).join("\n\n");
  return {
    "private/private-elements.generated.ts": `// @generated from standard/private-elements.tsv by tools/generate.mjs. Do not edit.
/** Blocks of a creator and its elements, \`x\` for the digits that the block decides. */
export const packedPrivateElements: string =\n  ${JSON.stringify(text)};\n`,
  };
}

/** Columns of PS3.15 Table E.1-1 after the basic profile, in the order of the characters of a rule. */
const deidentificationOptions = [
  "retain_safe_private",
  "retain_uids",
  "retain_device_identity",
  "retain_institution_identity",
  "retain_patient_characteristics",
  "retain_long_full_dates",
  "retain_long_modified_dates",
  "clean_descriptors",
  "clean_structured_content",
  "clean_graphics",
];

function deidentification() {
  const lines = rows("deidentification").map((row) => {
    const options = deidentificationOptions.map((name) => row[name] || ".").join("");
    return `${row.tag}|${row.basic_profile}|${options.replace(/\.+$/, "")}`;
  });
  return {
    "deidentify/rules.generated.ts":
      banner("Tag, basic profile, then K or C for each option.", "deidentification").replace(
        "PS3.6 2026b",
        "PS3.15 Table E.1-1",
      ) +
      `export const ruleOptions = ${text(deidentificationOptions)} as const;\n` +
      `export const packedRules: string =\n  ${text(lines.join("\n"))};\n`,
  };
}

/** Mandatory modules of each IOD, as indexes into a list: only they can be missing. */
function iodModules() {
  const modules = [];
  const byIod = new Map();
  for (const { iod, module, usage } of rows("iod-modules")) {
    if (usage !== "M") continue;
    if (!modules.includes(module)) modules.push(module);
    const own = byIod.get(iod) ?? [];
    if (!own.includes(modules.indexOf(module))) own.push(modules.indexOf(module));
    byIod.set(iod, own);
  }
  const lines = [...byIod].map(([iod, own]) => `${iod}|${own.map((index) => index.toString(36)).join(" ")}`);
  return {
    "validate/iod-modules.generated.ts":
      banner("Modules, and the mandatory ones of each IOD in base 36.", "iod-modules").replace(
        "PS3.6 2026b",
        "PS3.3 Annex A",
      ) +
      `export const modules: readonly string[] = ${text(modules)};\n` +
      `export const packedIods: string =\n  ${text(lines.join("\n"))};\n`,
  };
}

/** @returns file path below src/ → text, deterministic */
export function generate() {
  return { ...elements(), ...uids(), ...privateElements(), ...deidentification(), ...iodModules() };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, content] of Object.entries(generate())) writeFileSync(join(source, path), content);
}
