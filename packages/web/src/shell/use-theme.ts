/** Dark, light, or as the system says; remembered. */
import { useEffect, useState } from "react";
import { readStored, writeStored } from "./stored.ts";

export type Theme = "system" | "dark" | "light";
const order: readonly Theme[] = ["system", "dark", "light"];

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => readStored<Theme>("theme", "system"));
  useEffect(() => {
    if (theme === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset["theme"] = theme;
    writeStored("theme", theme);
  }, [theme]);
  return [theme, () => setTheme(order[(order.indexOf(theme) + 1) % order.length] ?? "system")];
}
