/** Random commands with random faults lose nothing; and a program that loses something is found out. */
import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/engine/run.ts";
import { thorough } from "../support/faults/moments.ts";
import { binary } from "../support/faults/program.ts";
import { patiently } from "../support/patience.ts";

const program = join(import.meta.dir, "../soak/main.ts");

const soak = (steps: number, seed: number, env: Record<string, string> = {}) =>
  run(process.execPath, [program, "--steps", String(steps), "--seed", String(seed)], { env });

const steps = thorough ? 150 : 40;

/**
 * Of each kind at least one has really happened. A command may have ended before a fault strikes it, so the short form asks
 * for families of them, each of which is drawn several times.
 */
const KINDS = thorough
  ? [
      ...["SIGKILL", "SIGTERM", "network cut", "disk full", "clock .1d", "another machine"],
      ...["planted (record|dump|folder)", "server (restart|crash)", "folder (away|moved)"],
    ]
  : [
      "SIG(KILL|TERM|INT)",
      "(network cut|disk full|restart|crash)",
      "(clock .1d|machine)",
      "(record|dump|folder|database)",
    ];

test(
  `${steps} steps`,
  async () => {
    const { code, stdout } = await soak(steps, 1);
    expect(stdout).toMatch(new RegExp(`^seed 1, host: ${steps} steps, [1-9]\\d* faults`));
    for (const kind of KINDS) expect(stdout).toMatch(new RegExp(`\\b${kind} [1-9]`));
    expect(stdout).toContain("lost 0, foreign things touched 0, server restarts that were not injected 0, leftovers 0");
    expect(code).toBe(0);
  },
  patiently(300_000),
);

test(
  "a program that says that it is done, and has done nothing, is found out",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "pgrove-idle-"));
    try {
      const idle = join(folder, "pgrove");
      await writeFile(idle, `#!/bin/sh\ncase "$1" in sql) exit 0 ;; esac\nexec ${binary} "$@"\n`);
      await chmod(idle, 0o755);
      const { code, stdout } = await soak(40, 2, { PGROVE_TEST_BINARY: idle });
      expect(stdout).toMatch(/^lost [1-9]/m);
      expect(stdout).toMatch(/step \d+: \w+: pgrove sql/);
      expect(code).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  patiently(120_000),
);
