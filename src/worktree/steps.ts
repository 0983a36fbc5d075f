/** The shell commands of pgrove.yaml that set a worktree up or take it down. Who calls this has made sure of the trust. */
import { failure } from "../errors.ts";
import { redact } from "../sys/redact.ts";
import { runInShell, type ShellPlace, secretsIn } from "../sys/shell-command.ts";
import { ToolError } from "../sys/tool-error.ts";

/** Where the steps run: in the worktree's folder, with the variables of its env block. */
export interface StepOptions extends ShellPlace {
  /** Takes the story: which step runs, what it prints, how long it took. */
  say(line: string): void;
  /** The command that goes on from a step that failed, once its cause is gone. */
  goOn: string;
}

export interface StepResult {
  step: string;
  durationMs: number;
}

const SHOWN_LINES = 8;

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
  const last: string[] = [];
  const tell = (line: string) => {
    last.push(line);
    if (last.length > SHOWN_LINES) last.shift();
    options.say(`  ${line}`);
  };
  try {
    await runInShell(step, options, tell);
  } catch (error) {
    if (!(error instanceof ToolError) || error.failure.aborted) throw error;
    throw stepFailed({ step: redact(step, secrets), name, error, last }, options);
  }
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
