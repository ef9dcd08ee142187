/** What this server offers, read from its own OpenAPI document: what is not there is not shown. */
import { useQuery } from "@tanstack/react-query";
import { send } from "./request.ts";

export interface Features {
  has(path: string): boolean;
}

const nothing: Features = { has: () => false };

export function useFeatures(): Features {
  const document = useQuery({
    queryKey: ["features"],
    queryFn: async ({ signal }) => {
      const { paths = {} } = (await (await send("/api/openapi.json", { signal })).json()) as {
        readonly paths?: Readonly<Record<string, unknown>>;
      };
      return new Set(Object.keys(paths).map((path) => path.replace(/\{[^}]+\}/g, "{}")));
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const paths = document.data;
  return paths === undefined ? nothing : { has: (path) => paths.has(path) };
}
