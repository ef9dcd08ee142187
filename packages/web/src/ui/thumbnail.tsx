/** A small picture, or the modality's letters where there is none. */
import { useState } from "react";

export function Thumbnail({ src, label }: { readonly src: string | undefined; readonly label: string }) {
  const [failed, setFailed] = useState<string | undefined>();
  return (
    // The letters are drawn by the style sheet: as text they would be read out as a part of what they stand beside.
    <span className="thumbnail" aria-hidden="true" data-label={label}>
      {src !== undefined && failed !== src && (
        <img
          src={src}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => setFailed(src)}
        />
      )}
    </span>
  );
}
