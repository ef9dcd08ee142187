/** Dark, as reading rooms are, unless light or the system's choice is asked for; remembered. */
import { useEffect, useState } from "react";
import { readStored, writeStored } from "./stored.ts";

export const themes = ["dark", "light", "system"] as const;
export type Theme = (typeof themes)[number];

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => readStored<Theme>("theme", "dark"));
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    writeStored("theme", theme);
  }, [theme]);
  return [theme, setTheme];
}
