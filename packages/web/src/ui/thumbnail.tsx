/** A small picture, or the modality's letters where there is none. */
import { useState } from "react";

export function Thumbnail({ src, label }: { readonly src: string | undefined; readonly label: string }) {
  const [failed, setFailed] = useState<string | undefined>();
  return (
    <span className="thumbnail" aria-hidden="true">
      {src === undefined || failed === src ? (
        <span>{label}</span>
      ) : (
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
