/** The measurements on the images that are here: drawn now, or read from reports of the study. */
import { utilities } from "@cornerstonejs/core";
import { annotation, Enums } from "@cornerstonejs/tools";
import { eventTarget } from "@cornerstonejs/core";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { dicomweb } from "../../api/dicomweb.ts";
import { Tag, text } from "../../dicom/attributes.ts";
import { frameOf } from "../engine/frame-registry.ts";
import type { Stage } from "../engine/stage.ts";
import { libraryNames } from "../engine/tool-names.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { Frame } from "../model/frame.ts";
import { storedOrThrow } from "../../api/store-outcome.ts";
import { type LibraryAnnotation, type Measurement, measurementOf, worldPointOf } from "./measurement.ts";
import { measurementReport } from "./sr-document.ts";
import { measurementsIn, type ReadMeasurement } from "./sr-read.ts";

export interface Measurements {
  readonly list: readonly Measurement[];
  /** Those that no report holds yet, or that changed since. */
  readonly unsaved: number;
  readonly isSaving: boolean;
  readonly error: unknown;
  remove(uid: string): void;
  rename(uid: string, label: string): void;
  select(uid: string): void;
  save(): Promise<void>;
}

type Annotation = ReturnType<typeof annotation.state.getAllAnnotations>[number];

export function useMeasurements(
  stage: Stage | undefined,
  sets: readonly DisplaySet[],
  source: string | undefined,
): Measurements {
  const client = useQueryClient();
  const reports = useRef(new Map<string, string>());
  const read = useRef(new Set<string>());
  const [list, setList] = useState<readonly Measurement[]>([]);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const refresh = useCallback(() => {
    const all = annotation.state.getAllAnnotations().flatMap((one) => {
      const frame = frameOf(one.metadata?.referencedImageId);
      if (frame === undefined) return [];
      return (
        measurementOf(one as LibraryAnnotation, frame, reports.current.get(one.annotationUID ?? "")) ?? []
      );
    });
    setList(all);
  }, []);

  useEffect(() => {
    if (stage === undefined) return undefined;
    let scheduled = 0;
    const soon = (): void => {
      cancelAnimationFrame(scheduled);
      scheduled = requestAnimationFrame(refresh);
    };
    const changed = (event: Event): void => {
      const { detail } = event as CustomEvent<{ annotation?: Annotation; changeType?: string }>;
      const uid = detail.annotation?.annotationUID;
      // Statistics that come in after drawing are no change of what was drawn.
      if (uid !== undefined && detail.changeType !== Enums.ChangeTypes.StatsUpdated)
        reports.current.delete(uid);
      soon();
    };
    const { Events } = Enums;
    const calm = [Events.ANNOTATION_ADDED, Events.ANNOTATION_REMOVED, Events.ANNOTATION_COMPLETED];
    for (const event of calm) eventTarget.addEventListener(event, soon);
    eventTarget.addEventListener(Events.ANNOTATION_MODIFIED, changed);
    eventTarget.addEventListener(Events.ANNOTATION_RENDERED, soon);
    return () => {
      cancelAnimationFrame(scheduled);
      for (const event of calm) eventTarget.removeEventListener(event, soon);
      eventTarget.removeEventListener(Events.ANNOTATION_MODIFIED, changed);
      eventTarget.removeEventListener(Events.ANNOTATION_RENDERED, soon);
      annotation.state.removeAllAnnotations();
      reports.current.clear();
      read.current.clear();
    };
  }, [stage, refresh]);

  useEffect(() => {
    if (stage === undefined) return;
    for (const { kind, instance } of sets) {
      const sop = text(instance, Tag.SOPInstanceUID);
      if (kind !== "report" || instance === undefined || sop === undefined || read.current.has(sop)) continue;
      read.current.add(sop);
      for (const one of measurementsIn(instance)) {
        const frame = frameFor(one, sets);
        if (frame === undefined) {
          read.current.delete(sop);
          continue;
        }
        if (annotation.state.getAllAnnotations().some(({ annotationUID }) => annotationUID === one.uid))
          continue;
        reports.current.set(one.uid, sop);
        annotation.state.addAnnotation(
          annotationFrom(one, frame),
          frame.frameOfReferenceUid ?? frame.sopInstanceUid,
        );
      }
    }
    refresh();
    for (const viewport of stage.engine.getViewports()) viewport.render();
  }, [stage, sets, refresh]);

  const unsaved = list.filter(({ reportUid }) => reportUid === undefined);
  return {
    list,
    unsaved: unsaved.length,
    isSaving,
    error,
    remove(uid) {
      annotation.state.removeAnnotation(uid);
      for (const viewport of stage?.engine.getViewports() ?? []) viewport.render();
    },
    rename(uid, label) {
      const one = annotation.state.getAnnotation(uid);
      if (one === undefined) return;
      one.data.label = label;
      if ("text" in one.data) one.data["text"] = label;
      reports.current.delete(uid);
      refresh();
      for (const viewport of stage?.engine.getViewports() ?? []) viewport.render();
    },
    select(uid) {
      annotation.selection.setAnnotationSelected(uid, true, false);
    },
    async save() {
      setSaving(true);
      setError(null);
      try {
        for (const group of byStudy(unsaved)) {
          const { file, sopInstanceUid } = measurementReport(group, new Date());
          storedOrThrow(await dicomweb.store([file], source));
          for (const { uid } of group) reports.current.set(uid, sopInstanceUid);
          // It is what is on screen already.
          read.current.add(sopInstanceUid);
        }
        refresh();
        await client.invalidateQueries({ queryKey: ["series"] });
      } catch (cause) {
        setError(cause);
      } finally {
        setSaving(false);
      }
    },
  };
}

function byStudy(list: readonly Measurement[]): readonly (readonly Measurement[])[] {
  const studies = new Map<string, Measurement[]>();
  for (const one of list) {
    const { studyInstanceUid } = one.frame;
    studies.set(studyInstanceUid, [...(studies.get(studyInstanceUid) ?? []), one]);
  }
  return [...studies.values()];
}

function frameFor(
  { sopInstanceUid, frameNumber }: ReadMeasurement,
  sets: readonly DisplaySet[],
): Frame | undefined {
  for (const { frames } of sets) {
    const found = frames.find(
      (one) => one.sopInstanceUid === sopInstanceUid && one.frameNumber === frameNumber,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function annotationFrom({ uid, tool, label, points }: ReadMeasurement, frame: Frame): Annotation {
  const world = points.map((point) => [...worldPointOf(point, frame)] as [number, number, number]);
  const column = frame.plane?.column ?? ([0, 1, 0] as const);
  const normal = frame.plane?.normal ?? ([0, 0, 1] as const);
  const textBox = {
    hasMoved: false,
    worldPosition: [0, 0, 0] as [number, number, number],
    worldBoundingBox: {
      topLeft: [0, 0, 0] as [number, number, number],
      topRight: [0, 0, 0] as [number, number, number],
      bottomLeft: [0, 0, 0] as [number, number, number],
      bottomRight: [0, 0, 0] as [number, number, number],
    },
  };
  const made: Annotation = {
    annotationUID: uid,
    highlighted: false,
    invalidated: true,
    isLocked: false,
    isVisible: true,
    metadata: {
      toolName: libraryNames[tool],
      viewPlaneNormal: [-normal[0], -normal[1], -normal[2]],
      viewUp: [-column[0], -column[1], -column[2]],
      FrameOfReferenceUID: frame.frameOfReferenceUid ?? frame.sopInstanceUid,
      referencedImageId: frame.imageId,
    },
    data: {
      label,
      ...(tool === "arrow" ? { text: label } : {}),
      handles: {
        points: tool === "freehand" ? [] : world,
        activeHandleIndex: null,
        textBox,
        ...(tool === "arrow" ? { arrowFirst: true } : {}),
      },
      ...(tool === "freehand"
        ? { contour: { polyline: world, closed: true } as NonNullable<Annotation["data"]["contour"]> }
        : {}),
      cachedStats: {},
    },
  };
  return utilities.deepClone(made) as Annotation;
}
