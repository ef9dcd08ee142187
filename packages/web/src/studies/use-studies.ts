/** Studies of one source or of all, page after page. */
import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "../api/client.ts";
import { dicomweb } from "../api/dicomweb.ts";
import type { Peer } from "../api/types.ts";
import { type Study, studyFromJson, studyFromResult } from "../format/study.ts";
import { type Filters, findCriteria, qidoParameters } from "./filters.ts";

const pageSize = 100;
/** Of a peer, which has no pages: C-FIND answers all there is. */
const peerLimit = 500;

export interface StudyList {
  readonly studies: readonly Study[];
  readonly isLoading: boolean;
  readonly isFetching: boolean;
  readonly isReady: boolean;
  /** There are more than are here. */
  readonly hasMore: boolean;
  readonly problems: readonly { readonly source: string | undefined; readonly error: unknown }[];
  more(): void;
  refresh(): void;
}

/**
 * @param sources undefined for this archive, ids for peers
 * @param filters undefined while nothing is asked: a remote PACS may hold millions of studies
 */
export function useStudies(
  sources: readonly (string | undefined)[],
  filters: Filters | undefined,
): StudyList {
  const isLocal = sources.includes(undefined);
  const peers = sources.filter((source) => source !== undefined);
  const local = useInfiniteQuery({
    queryKey: ["studies", "local", filters],
    queryFn: async ({ pageParam, signal }) => {
      const parameters = qidoParameters(filters as Filters, pageSize, pageParam);
      const page = await dicomweb.studies(undefined, parameters, signal);
      return { studies: page.studies.map((one) => studyFromJson(one)), hasMore: page.hasMore };
    },
    initialPageParam: 0,
    getNextPageParam: (last, pages) => (last.hasMore ? pages.length * pageSize : undefined),
    enabled: isLocal && filters !== undefined,
    placeholderData: (before) => before,
    retry: false,
  });
  const remote = useQueries({
    queries: peers.map((peer) => ({
      queryKey: ["studies", peer, filters],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const answer = await api.find(
          {
            level: "STUDY",
            criteria: findCriteria(filters as Filters),
            connectionId: peer,
            limit: peerLimit,
          },
          signal,
        );
        return {
          studies: answer.results.map((one) => studyFromResult(one, peer)),
          hasMore: answer.truncated,
        };
      },
      enabled: filters !== undefined,
      retry: false,
    })),
  });
  const stamp = [local.dataUpdatedAt, ...remote.map(({ dataUpdatedAt }) => dataUpdatedAt)].join();
  const studies = useMemo(() => {
    const own = isLocal ? (local.data?.pages.flatMap((page) => page.studies) ?? []) : [];
    const others = remote.flatMap(({ data }) => data?.studies ?? []);
    return others.length === 0 ? own : [...own, ...others];
  }, [stamp, isLocal, peers.join()]);
  const problems = [
    ...(isLocal && local.error !== null ? [{ source: undefined, error: local.error }] : []),
    ...remote.flatMap(({ error }, at) => (error === null ? [] : [{ source: peers[at], error }])),
  ];
  return {
    studies,
    isLoading: (isLocal && local.isLoading) || remote.some((one) => one.isLoading),
    isFetching: (isLocal && local.isFetching) || remote.some((one) => one.isFetching),
    isReady: filters !== undefined && (!isLocal || local.isSuccess) && remote.every((one) => !one.isPending),
    hasMore: (isLocal && local.hasNextPage) || remote.some(({ data }) => data?.hasMore === true),
    problems,
    more() {
      if (isLocal && local.hasNextPage && !local.isFetchingNextPage) void local.fetchNextPage();
    },
    refresh() {
      if (isLocal) void local.refetch();
      for (const one of remote) void one.refetch();
    },
  };
}

export function sourceName(source: string | undefined, peers: readonly Peer[], archive: string): string {
  return source === undefined ? archive : (peers.find(({ id }) => id === source)?.name ?? source);
}
