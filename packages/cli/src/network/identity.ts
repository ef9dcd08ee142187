/** Who asks (PS3.7 D.3.3.7): secrets come from files or the environment, never from the command line, which others see. */
import { readFile } from "node:fs/promises";
import type { UserIdentityInit } from "@isocenter/network";
import type { Io } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export async function userIdentityOf(
  {
    user,
    passwordFile,
    jwtFile,
  }: {
    readonly user: string | undefined;
    readonly passwordFile: string | undefined;
    readonly jwtFile: string | undefined;
  },
  { env }: Pick<Io, "env">,
): Promise<{ readonly userIdentity?: UserIdentityInit }> {
  if (jwtFile !== undefined) {
    if (user !== undefined) throw new UsageError("Give --user or --jwt-file, not both.");
    return { userIdentity: { jwt: (await secretFrom(jwtFile)).trim() } };
  }
  if (user === undefined) {
    if (passwordFile !== undefined) throw new UsageError("--password-file needs --user.");
    return {};
  }
  const password = passwordFile === undefined ? env["ISOCENTER_PASSWORD"] : await secretFrom(passwordFile);
  return { userIdentity: { username: user, ...(password === undefined ? {} : { passcode: password }) } };
}

/** The first line of a file. @throws UsageError */
export async function secretFrom(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new UsageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
