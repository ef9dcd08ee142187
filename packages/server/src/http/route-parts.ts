/** What the descriptions of routes have in common. */
import { problem } from "./schemas.ts";

const told = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problem } },
});

/** What an operation at a peer may answer instead. */
export const peerProblems = {
  400: told("The request is wrong"),
  403: told("The peer may not be named"),
  404: told("Unknown peer or connection"),
  502: told("The peer refused or failed"),
  504: told("The peer did not answer in time"),
} as const;

export const problemsOf = <S extends keyof typeof descriptions>(...statuses: readonly S[]) =>
  Object.fromEntries(statuses.map((status) => [status, told(descriptions[status])])) as {
    [K in S]: ReturnType<typeof told>;
  };

const descriptions = {
  400: "The request is wrong",
  403: "Not allowed",
  404: "There is no such thing",
  409: "In conflict with what is there",
  503: "Not possible now",
} as const;

/** A description without content leaves a handler free to answer with a stream. */
export const loginNeeded = { 401: { description: "Login needed" } } as const;

export const json = <T>(schema: T) => ({ "application/json": { schema } });
