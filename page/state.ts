/** What the screens show: answers that are asked again when something has changed. */
import { useEffect, useRef, useState } from "preact/hooks";
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
  const [answer] = useAnswers<T>(path === undefined ? [] : [path]);
  return answer ?? { reload: () => undefined };
}

/** The same of what is asked once: where asking is itself something that is written down, and so a change. */
export function useAnswerOnce<T>(path: string): Answer<T> {
  return useAnswers<T>([path], { isLive: false })[0] ?? { reload: () => undefined };
}

/** The answers under several paths, each as soon as it is there. */
export function useAnswers<T>(paths: readonly string[], { isLive = true } = {}): Answer<T>[] {
  const [, redraw] = useState(0);
  const errors = useRef(new Map<string, ServerError>());
  const ask = (path: string) => {
    read<T>(path)
      .then(
        (data) => {
          keep(path, data);
          errors.current.delete(path);
        },
        (reason: unknown) => {
          if (reason instanceof ServerError) errors.current.set(path, reason);
        },
      )
      .finally(() => redraw((count) => count + 1));
  };
  useEffect(() => {
    const askAll = () => {
      for (const path of paths) ask(path);
    };
    errors.current.clear();
    askAll();
    if (!isLive) return;
    watchers.add(askAll);
    return () => void watchers.delete(askAll);
  }, [paths.join("\n")]);
  return paths.map((path) => {
    const [data, error] = [known.get(path) as T | undefined, errors.current.get(path)];
    return {
      ...(data === undefined ? {} : { data }),
      ...(error === undefined ? {} : { error }),
      reload: () => ask(path),
    };
  });
}

function keep(path: string, data: unknown): void {
  known.delete(path);
  known.set(path, data);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}
