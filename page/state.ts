/** What the screens show: answers that are asked again when something has changed. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { read, ServerError } from "./server.ts";

export interface Answer<T> {
  data?: T;
  error?: ServerError;
  reload(): void;
}

const watchers = new Set<() => void>();
const known = new Map<string, unknown>();
const MOST_KNOWN = 100;

/** Asks everything anew that is on the screen. */
export function reloadAll(): void {
  for (const watcher of watchers) watcher();
}

/** The answer under a path. What was known stays on the screen until the new answer is there; undefined: nothing is asked. */
export function useAnswer<T>(path: string | undefined): Answer<T> {
  const [, redraw] = useState(0);
  const [error, setError] = useState<ServerError>();
  const reload = useCallback(() => {
    if (path === undefined) return;
    read<T>(path).then(
      (data) => {
        keep(path, data);
        setError(undefined);
        redraw((count) => count + 1);
      },
      (reason: unknown) => setError(reason instanceof ServerError ? reason : undefined),
    );
  }, [path]);
  useEffect(() => {
    setError(undefined);
    reload();
    watchers.add(reload);
    return () => void watchers.delete(reload);
  }, [reload]);
  const data = path === undefined ? undefined : (known.get(path) as T | undefined);
  return { ...(data === undefined ? {} : { data }), ...(error === undefined ? {} : { error }), reload };
}

function keep(path: string, data: unknown): void {
  known.delete(path);
  known.set(path, data);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}
