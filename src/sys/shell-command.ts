/** Shell commands that a repository's pgrove.yaml holds. Who calls this has made sure that they were approved. */
import type { Command, Runner } from "./process.ts";
import { redact } from "./redact.ts";

/** Where a shell command runs. */
export interface ShellPlace {
  cwd: string;
  /** Added to the environment; passwords in it are shown nowhere. */
  env: Readonly<Record<string, string>>;
  runner: Runner;
  abort: AbortSignal;
}

/*
 * An abort ends the shell, but a shell does not hand a signal on to the program that it waits for. So it waits in the
 * background, where the trap comes through, and ends the whole group; the group is the command's own.
 */
const RUN = `trap 'trap "" TERM; kill -TERM 0; wait; exit 143' TERM; sh -c "$@" & wait $!`;

export type ShellStream = "stdout" | "stderr";

/**
 * Runs a shell command without input. Every line of its output is told as it comes, without secrets. `words` are what
 * the command finds as `$1` and so on. Rejects with ToolError when it fails.
 */
export async function runInShell(
  command: string,
  { cwd, env, runner, abort }: ShellPlace,
  tell: (line: string, stream: ShellStream) => void,
  words: readonly string[] = [],
): Promise<void> {
  const secrets = secretsIn(env);
  const stdout = splitLines((line) => tell(redact(line, secrets), "stdout"));
  const args = ["-c", RUN, "sh", command, "sh", ...words];
  const program: Command = { file: "sh", args, env, secrets, cwd };
  try {
    await runner.stream(program, { output: stdout.take, line: (line) => tell(line, "stderr") }, abort);
  } finally {
    stdout.end();
  }
}

/** Lines out of bytes that come as they like. Of a line that was drawn again and again, the last state counts. */
function splitLines(line: (text: string) => void): { take(chunk: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = "";
  const tell = (raw: string) => line(raw.replace(/\r$/, "").replace(/^.*\r/s, ""));
  return {
    take: (chunk) => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) tell(part);
    },
    end: () => {
      if (rest !== "") tell(rest);
      rest = "";
    },
  };
}

/** What of the variables must not turn up in the story: passwords, alone or within a URL. */
export function secretsIn(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const inUrl = /:\/\/[^:@/\s]*:([^@\s]+)@/.exec(value)?.[1] ?? "";
    const named = /pass|secret|token/i.test(name) ? value : "";
    return [inUrl, named].filter((secret) => secret.length >= 4); // a shorter one would only blacken other words
  });
}
