// The programs that the interoperability suites talk to. Installs what is missing where it may (Debian, root or
// passwordless sudo); otherwise reports it, and the suites that need it are skipped and say so.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian keeps each version's server apart, off the path. */
function postgresFolders() {
  const root = "/usr/lib/postgresql";
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, "bin")) : [];
}

/** Debian package → what proves that it is there: a program, a file in one of some folders, a module of Python's. */
const PEERS = () => ({
  dcmtk: "storescp",
  orthanc: "Orthanc",
  "orthanc-dicomweb": { file: /^libOrthancDicomWeb\.so/, below: ["/usr/share/orthanc/plugins"] },
  postgresql: { file: /^postgres$/, below: postgresFolders() },
  openssl: "openssl",
  chromium: "chromium",
  "python3-pydicom": { module: "pydicom" },
  dicom3tools: "dciodvfy",
});

function isThere(proof) {
  if (typeof proof === "string") {
    const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
    return folders.some((folder) => existsSync(join(folder, proof)));
  }
  if (proof.file !== undefined) {
    return proof.below.some(
      (folder) => existsSync(folder) && readdirSync(folder).some((name) => proof.file.test(name)),
    );
  }
  // Debian's own python3: another python earlier on the path does not see Debian's modules.
  return spawnSync("/usr/bin/python3", ["-c", `import ${proof.module}`], { stdio: "ignore" }).status === 0;
}

const missing = () =>
  Object.entries(PEERS())
    .filter(([, proof]) => !isThere(proof))
    .map(([name]) => name);

/**
 * @returns the Debian packages that are still missing after the attempt to install them
 */
export function ensurePeers({ log }) {
  const wanted = missing();
  if (wanted.length === 0) return [];
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const may =
    existsSync("/usr/bin/apt-get") &&
    (sudo.length === 0 || spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0);
  if (!may) return wanted;
  log(`Installing ${wanted.join(", ")} …`);
  const apt = (...args) => {
    const [file, ...rest] = [
      ...sudo,
      "env",
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-qq",
      "-y",
      ...args,
    ];
    return spawnSync(file, rest, { stdio: ["ignore", "ignore", "inherit"] }).status;
  };
  apt("update");
  apt("install", "--no-install-recommends", ...wanted);
  return missing();
}
