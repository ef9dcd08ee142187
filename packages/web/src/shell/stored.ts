/** What the page remembers in this browser: theme and connections. Storage may be refused; then nothing is kept. */

export function readStored<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`isocenter.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    localStorage.setItem(`isocenter.${key}`, JSON.stringify(value));
  } catch {
    // a private window without storage: the page works, it only forgets
  }
}
