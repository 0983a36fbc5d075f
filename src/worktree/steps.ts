/** The shell commands of pgrove.yaml that set a worktree up or take it down. Who calls this has made sure of the trust. */
import { failure } from "../errors.ts";
import type { Command, Runner } from "../sys/process.ts";
import { redact } from "../sys/redact.ts";
import { ToolError } from "../sys/tool-error.ts";

export interface StepOptions {
  /** The worktree's folder. */
  cwd: string;
  /** The variables of the env block. */
  env: Readonly<Record<string, string>>;
  runner: Runner;
  /** Takes the story: which step runs, what it prints, how long it took. */
  say(line: string): void;
  abort: AbortSignal;
  /** The command that goes on from a step that failed, once its cause is gone. */
  goOn: string;
}

export interface StepResult {
  step: string;
  durationMs: number;
}

const SHOWN_LINES = 8;

/*
 * An abort ends the shell, but a shell does not hand a signal on to the program that it waits for. So it waits in the
 * background, where the trap comes through, and ends the whole group; the group is the step's own.
 */
const RUN_STEP = `trap 'trap "" TERM; kill -TERM 0; wait; exit 143' TERM; sh -c "$1" & wait $!`;

/**
 * Runs the steps one after the other, without input, what they print being told line by line. Throws (exit 1) at the
 * first that fails: the ones behind it are not run.
 */
export async function runSteps(steps: readonly string[], options: StepOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  const secrets = secretsIn(options.env);
  for (const [index, step] of steps.entries()) {
    const started = performance.now();
    const name = steps.length === 1 ? "step" : `step ${index + 1} of ${steps.length}`;
    options.say(`${name}: ${redact(step, secrets)}`);
    await runStep(step, name, secrets, { ...options, left: steps.length - index - 1 });
    const durationMs = performance.now() - started;
    options.say(`${name}: done in ${(durationMs / 1000).toFixed(1)} s`);
    results.push({ step, durationMs });
  }
  return results;
}

async function runStep(
  step: string,
  name: string,
  secrets: readonly string[],
  options: StepOptions & { left: number },
): Promise<void> {
  const { runner, cwd, env, say, abort } = options;
  const last: string[] = [];
  const tell = (line: string) => {
    last.push(line);
    if (last.length > SHOWN_LINES) last.shift();
    say(`  ${line}`);
  };
  const stdout = splitLines((line) => tell(redact(line, secrets)));
  const command: Command = { file: "sh", args: ["-c", RUN_STEP, "sh", step], env, secrets, cwd };
  try {
    await runner.stream(command, { output: stdout.take, line: tell }, abort);
  } catch (error) {
    if (!(error instanceof ToolError) || error.failure.aborted) throw error;
    stdout.end();
    throw stepFailed({ step: redact(step, secrets), name, error, last }, options);
  }
  stdout.end();
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

interface FailedStep {
  step: string;
  name: string;
  error: ToolError;
  last: readonly string[];
}

function stepFailed({ step, name, error, last }: FailedStep, { left, goOn }: { left: number; goOn: string }): Error {
  const { exitCode, signal } = error.failure;
  const how = signal === undefined ? `exit ${exitCode}` : `ended by ${signal}`;
  const rest = left === 0 ? "" : `\n${left} more ${left === 1 ? "was" : "were"} not run.`;
  const said = last.map((line) => `\n  ${line}`).join("");
  const hint = `${goOn}      once the cause is gone`;
  return failure("step_failed", `${name} failed (${how}): ${step}${said}${rest}`, hint, error);
}

/** What of the variables must not turn up in the story: passwords, alone or within a URL. */
function secretsIn(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const inUrl = /:\/\/[^:@/\s]*:([^@\s]+)@/.exec(value)?.[1] ?? "";
    const named = /pass|secret|token/i.test(name) ? value : "";
    return [inUrl, named].filter((secret) => secret.length >= 4); // a shorter one would only blacken other words
  });
}
