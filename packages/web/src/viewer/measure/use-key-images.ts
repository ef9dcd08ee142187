/** Key images: those that documents of the study select, and those that were marked here and are to be saved. */
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dicomweb } from "../../api/dicomweb.ts";
import { storedOrThrow } from "../../api/store-outcome.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { Frame } from "../model/frame.ts";
import { keyObjectDocument } from "./sr-document.ts";
import { keyImagesIn } from "./sr-read.ts";

export interface KeyImages {
  /** SOP Instance UIDs. */
  readonly marked: ReadonlySet<string>;
  readonly list: readonly {
    readonly frame: Frame;
    readonly setId: string;
    readonly index: number;
    readonly isSaved: boolean;
  }[];
  readonly unsaved: number;
  readonly isSaving: boolean;
  readonly error: unknown;
  toggle(frame: Frame | undefined): void;
  save(): Promise<void>;
}

export function useKeyImages(sets: readonly DisplaySet[], source: string | undefined): KeyImages {
  const client = useQueryClient();
  const [pending, setPending] = useState<readonly Frame[]>([]);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const saved = useMemo(
    () =>
      new Set(
        sets.flatMap(({ kind, instance }) =>
          kind === "key-objects" && instance !== undefined ? keyImagesIn(instance) : [],
        ),
      ),
    [sets],
  );
  const unsaved = pending.filter(({ sopInstanceUid }) => !saved.has(sopInstanceUid));
  const marked = useMemo(
    () => new Set([...saved, ...pending.map(({ sopInstanceUid }) => sopInstanceUid)]),
    [saved, pending],
  );
  const list = useMemo(
    () =>
      sets.flatMap((set) => {
        const seen = new Set<string>();
        return set.frames.flatMap((frame, index) => {
          const { sopInstanceUid } = frame;
          if (!marked.has(sopInstanceUid) || seen.has(sopInstanceUid)) return [];
          seen.add(sopInstanceUid);
          return [{ frame, setId: set.id, index, isSaved: saved.has(sopInstanceUid) }];
        });
      }),
    [sets, marked, saved],
  );
  return {
    marked,
    list,
    unsaved: unsaved.length,
    isSaving,
    error,
    toggle(frame) {
      if (frame === undefined) return;
      const { sopInstanceUid } = frame;
      setPending((before) =>
        before.some((one) => one.sopInstanceUid === sopInstanceUid)
          ? before.filter((one) => one.sopInstanceUid !== sopInstanceUid)
          : [...before, frame],
      );
    },
    async save() {
      setSaving(true);
      setError(null);
      try {
        for (const study of new Set(unsaved.map(({ studyInstanceUid }) => studyInstanceUid))) {
          const frames = unsaved.filter(({ studyInstanceUid }) => studyInstanceUid === study);
          storedOrThrow(await dicomweb.store([keyObjectDocument(frames, new Date()).file], source));
        }
        await client.invalidateQueries({ queryKey: ["series"] });
      } catch (cause) {
        setError(cause);
      } finally {
        setSaving(false);
      }
    },
  };
}
