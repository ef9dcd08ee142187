/**
 * Users that may show an identity with an association (PS3.7 D.3.3.7): a JSON file of names and passcode hashes, as
 * `hashPasscode` makes them. It is read anew when it has changed.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { z } from "zod";
import { ConfigError } from "./config.ts";

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const keyBytes = 32;
const usersFile = z.record(z.string().min(1), z.string().regex(/^scrypt:[0-9a-f]{32}:[0-9a-f]{64}$/));

export type VerifyUser = (name: string, passcode: string) => Promise<boolean>;

/** `scrypt:<salt>:<key>` in hexadecimal. */
export async function hashPasscode(passcode: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt:${salt.toString("hex")}:${(await derive(passcode, salt, keyBytes)).toString("hex")}`;
}

/** @throws ConfigError `config-unreadable`, `config-invalid` */
export function readUsers(path: string): VerifyUser {
  let users = load(path);
  let read = statSync(path).mtimeMs;
  return async (name, passcode) => {
    const modified = statSync(path).mtimeMs;
    if (modified !== read) {
      users = load(path);
      read = modified;
    }
    // A name that is not known takes as long as one that is.
    const [, salt = "", key = ""] = (users.get(name) ?? nobody).split(":");
    const given = await derive(passcode, Buffer.from(salt, "hex"), keyBytes);
    return timingSafeEqual(given, Buffer.from(key, "hex")) && users.has(name);
  };
}

const nobody = `scrypt:${"0".repeat(32)}:${"0".repeat(64)}`;

function load(path: string): ReadonlyMap<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ConfigError("config-unreadable", `The file of users ${path} cannot be read, or is not JSON.`, {
      cause,
    });
  }
  const users = usersFile.safeParse(json);
  if (users.success) return new Map(Object.entries(users.data));
  throw new ConfigError(
    "config-invalid",
    `The file of users ${path} must be an object of names, each with scrypt:<salt>:<key>.`,
  );
}
