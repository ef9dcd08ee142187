// The programs that the interoperability suites talk to. Installs what is missing where it may (Debian, root or
// passwordless sudo); otherwise reports it, and the suites that need it are skipped and say so.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian package → a program that proves it is there. */
const PEERS = {
  dcmtk: "storescp",
  orthanc: "Orthanc",
  chromium: "chromium",
  "python3-pydicom": { module: "pydicom" },
  dicom3tools: "dciodvfy",
};

function isThere(proof) {
  if (typeof proof === "string") {
    const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
    return folders.some((folder) => existsSync(join(folder, proof)));
  }
  // Debian's own python3: another python earlier on the path does not see Debian's modules.
  return spawnSync("/usr/bin/python3", ["-c", `import ${proof.module}`], { stdio: "ignore" }).status === 0;
}

const missing = () => Object.keys(PEERS).filter((name) => !isThere(PEERS[name]));

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
