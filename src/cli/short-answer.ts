/** The way out for an answer of a few bytes: loading node:fs, which every other answer needs, would take longer than all the rest. */

/**
 * Writes the text to stdout; so little (at most 512 bytes) is taken whole or not at all by what it is written to here. False
 * where it was not written: the long way can wait, and has words for what is wrong.
 */
export async function writeShortAnswer(text: string): Promise<boolean> {
  try {
    if (!(await takesItWhole())) return false;
    await Bun.write(Bun.stdout, text);
    return true;
  } catch {
    return false;
  }
}

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** Whether stdout is a pipe or a file, or something else that lets its writers wait; not what Bun opens in place of a closed one. */
async function takesItWhole(): Promise<boolean> {
  if (await Bun.stdout.exists()) return true;
  const flags = /^flags:\s*([0-7]+)/m.exec(await Bun.file("/proc/self/fdinfo/1").text())?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & (O_NONBLOCK | O_CLOEXEC)) === 0;
}
