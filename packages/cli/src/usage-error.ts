/** The command line is wrong; shown as one sentence with a pointer to the help, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
