/** The whole page takes files that are dropped on it. */
import { useEffect, useState } from "react";
import { useText } from "../messages/use-text.ts";
import { UploadIcon } from "../ui/icons.tsx";

export function DropZone({
  onDrop,
}: {
  readonly onDrop: (files: readonly (File | FileSystemEntry)[]) => void;
}) {
  const text = useText().importing;
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const over = (event: DragEvent): void => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      // Entries tell folders apart, and are gone when this handler ends.
      const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
      onDrop(items.flatMap((item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? []));
    };
    document.addEventListener("dragenter", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragenter", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
    };
  }, [onDrop]);
  if (!isOver) return null;
  return (
    <div className="drop-zone" aria-hidden="true">
      <UploadIcon />
      {text.dropHere}
    </div>
  );
}
