/** The mark and a small set of icons, drawn on a 24-pixel grid. */
import type { ReactNode } from "react";

function Icon({ children, size = 18 }: { readonly children: ReactNode; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

/** The isocentre: where all the beams meet. */
export const Mark = ({ size = 26 }: { readonly size?: number }) => (
  <Icon size={size}>
    <circle cx="12" cy="12" r="8.25" />
    <circle cx="12" cy="12" r="3.25" />
    <path d="M12 1.5v5M12 17.5v5M1.5 12h5M17.5 12h5" />
  </Icon>
);
export const ArchiveIcon = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="5" rx="1" />
    <path d="M5 9v10a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V9M10 13h4" />
  </Icon>
);
export const PeerIcon = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="6" rx="1.5" />
    <rect x="3" y="14" width="18" height="6" rx="1.5" />
    <path d="M7 7h.01M7 17h.01" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);
export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 11v5M12 8h.01" />
  </Icon>
);
export const ThemeIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
export const WarningIcon = () => (
  <Icon>
    <path d="M12 4 2.5 20h19zM12 10v4M12 17h.01" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="M4.5 12.5l5 5 10-11" />
  </Icon>
);
export const BackIcon = () => (
  <Icon size={16}>
    <path d="M15 5l-7 7 7 7" />
  </Icon>
);
export const PlayIcon = () => (
  <Icon>
    <path d="M8 5v14l11-7z" />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <path d="M8 5v14M16 5v14" />
  </Icon>
);
export const WindowIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 3.5v17M12 8l6.5-1M12 12h8M12 16l6.5 1" />
  </Icon>
);
export const PanIcon = () => (
  <Icon>
    <path d="M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5" />
  </Icon>
);
export const ZoomIcon = () => (
  <Icon>
    <circle cx="10.5" cy="10.5" r="6.5" />
    <path d="M15.5 15.5 21 21M10.5 7.5v6M7.5 10.5h6" />
  </Icon>
);
export const ScrollIcon = () => (
  <Icon>
    <path d="M4 8l8-4 8 4-8 4zM4 12l8 4 8-4M4 16l8 4 8-4" />
  </Icon>
);
export const RotateIcon = () => (
  <Icon>
    <path d="M20 12a8 8 0 1 1-2.6-5.9M20 3v4h-4" />
  </Icon>
);
export const InvertIcon = () => (
  <Icon>
    <rect x="4" y="4" width="16" height="16" rx="2" />
    <path d="M20 4v14a2 2 0 0 1-2 2H4z" fill="currentColor" stroke="none" />
  </Icon>
);
export const FlipIcon = () => (
  <Icon>
    <path d="M12 3v18M9 7 3 17h6zM15 7l6 10h-6z" />
  </Icon>
);
export const ResetIcon = () => (
  <Icon>
    <path d="M4 12a8 8 0 1 0 2.6-5.9M4 3v4h4" />
  </Icon>
);
export const LengthIcon = () => (
  <Icon>
    <path d="M4 20 20 4M4 20v-4M4 20h4M20 4v4M20 4h-4" />
  </Icon>
);
export const AngleIcon = () => (
  <Icon>
    <path d="M20 19H4L16 5M11 19a8 8 0 0 0-2.4-5.5" />
  </Icon>
);
export const CobbIcon = () => (
  <Icon>
    <path d="M4 6l14-2M5 20l15-5M16 4.5l2 5M12 17.5l2-5" />
  </Icon>
);
export const BidirectionalIcon = () => (
  <Icon>
    <path d="M4 16 20 8M9.5 7l5 10" />
  </Icon>
);
export const RectangleIcon = () => (
  <Icon>
    <rect x="4" y="6" width="16" height="12" />
  </Icon>
);
export const EllipseIcon = () => (
  <Icon>
    <ellipse cx="12" cy="12" rx="9" ry="6.5" />
  </Icon>
);
export const FreehandIcon = () => (
  <Icon>
    <path d="M5 14c-2-5 3-10 7-8s2 4 5 4 4 6 0 8-10 1-12-4z" />
  </Icon>
);
export const ProbeIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="3" />
    <path d="M12 3v6M12 15v6M3 12h6M15 12h6" />
  </Icon>
);
export const ArrowIcon = () => (
  <Icon>
    <path d="M20 4 5 19M5 19v-7M5 19h7" />
  </Icon>
);
export const LayoutIcon = () => (
  <Icon>
    <rect x="3" y="4" width="18" height="16" rx="1.5" />
    <path d="M12 4v16M3 12h18" />
  </Icon>
);
export const LinkIcon = () => (
  <Icon>
    <path d="M9 15l6-6M8 11l-3 3a3.5 3.5 0 0 0 5 5l3-3M16 13l3-3a3.5 3.5 0 0 0-5-5l-3 3" />
  </Icon>
);
export const LinesIcon = () => (
  <Icon>
    <rect x="4" y="4" width="16" height="16" rx="1.5" />
    <path d="M4 15 20 9" strokeDasharray="2.5 2.5" />
  </Icon>
);
export const TextIcon = () => (
  <Icon>
    <path d="M5 6h14M12 6v13M9 19h6" />
  </Icon>
);
export const StarIcon = () => (
  <Icon>
    <path d="M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17l-5.3 3 1.1-6L3.4 9.8l6-.8z" />
  </Icon>
);
export const ListIcon = () => (
  <Icon>
    <path d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01" />
  </Icon>
);
export const KeyboardIcon = () => (
  <Icon>
    <rect x="2.5" y="6" width="19" height="12" rx="2" />
    <path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M7 14h10" />
  </Icon>
);
export const SmoothIcon = () => (
  <Icon>
    <path d="M4 20h4v-4h4v-4h4V8h4V4" />
  </Icon>
);
export const TrashIcon = () => (
  <Icon>
    <path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13" />
  </Icon>
);
export const DownloadIcon = () => (
  <Icon>
    <path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M4 20h16" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M4 12h13M12.5 6.5 18 12l-5.5 5.5M21 4v16" />
  </Icon>
);
export const ViewIcon = () => (
  <Icon>
    <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
    <circle cx="12" cy="12" r="2.8" />
  </Icon>
);
export const TagIcon = () => (
  <Icon>
    <path d="M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01" />
  </Icon>
);
export const UploadIcon = () => (
  <Icon>
    <path d="M12 16V5M7.5 9.5 12 5l4.5 4.5M4 20h16" />
  </Icon>
);
export const WaveIcon = () => (
  <Icon>
    <path d="M2.5 12H7l2-6 4 13 2.5-7h6" />
  </Icon>
);
