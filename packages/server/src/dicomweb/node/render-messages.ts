/** What goes between the server's thread and a drawing one. Plain data throughout. */
import type { FrameJob } from "../renderer.ts";
import type { Rendering } from "../rendering.ts";

export type RenderRequest =
  | {
      readonly kind: "transcode";
      readonly job: FrameJob;
      readonly transferSyntaxUid: string;
      readonly quality?: number;
    }
  | {
      readonly kind: "render";
      readonly job: FrameJob;
      /** The image's attributes in Explicit VR Little Endian. */
      readonly attributes: Uint8Array;
      readonly index: number;
      readonly rendering: Rendering;
    };

export type RenderReply =
  | { readonly bytes: Uint8Array }
  | { readonly name: string; readonly code: string; readonly message: string; readonly status?: number };
