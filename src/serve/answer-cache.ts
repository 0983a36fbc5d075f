/**
 * Answers that stay right for as long as nothing has changed. Whatever pgrove changes, in this process or another, it writes
 * down (journal, registry, store, git), so those files are looked at before an answer is given again; what others do to a
 * database shows within seconds: an answer that is older than a moment is asked for anew behind the one that is given.
 */
import { stat } from "node:fs/promises";

export interface Answered<T> {
  value: T;
  ageMs: number;
}

export interface CacheOptions {
  /** Every file and folder whose change may change an answer. */
  watched(): Promise<readonly string[]>;
  nowMs(): number;
}

interface Entry {
  signature: string;
  atMs: number;
  value: unknown;
  /** About how many characters it has: rows can be large. */
  size: number;
}

const FRESH_MS = 2_000;
const STALE_MS = 30_000;
const MOST_ENTRIES = 200;
const MOST_CHARACTERS = 32 * 1024 * 1024;
/** Programs that are asked at the same time; the rest waits. */
const AT_ONCE = 4;

export class AnswerCache {
  private readonly entries = new Map<string, Entry>();
  private readonly asked = new Map<string, Promise<unknown>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private size = 0;

  constructor(private readonly options: CacheOptions) {}

  /** The answer under a key: the kept one while it is right, else what `ask` says. Failures are not kept. */
  async answer<T>(key: string, ask: () => Promise<T>): Promise<Answered<T>> {
    const signature = await this.signature();
    const kept = this.entries.get(key);
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : this.options.nowMs() - kept.atMs;
    if (kept !== undefined && kept.signature === signature && ageMs < STALE_MS) {
      if (ageMs >= FRESH_MS) this.askOnce(key, signature, ask).catch(() => undefined);
      return { value: kept.value as T, ageMs };
    }
    return { value: await this.askOnce(key, signature, ask), ageMs: 0 };
  }

  /** What stands for the state of all that is watched. */
  async signature(): Promise<string> {
    const paths = await this.options.watched();
    const found = await Promise.all(paths.map(describe));
    return Bun.hash(found.join("\n")).toString(36);
  }

  /** Those who ask for the same, in the same state, wait for one answer. */
  private async askOnce<T>(key: string, signature: string, ask: () => Promise<T>): Promise<T> {
    const question = `${signature} ${key}`;
    const asked = this.asked.get(question) as Promise<T> | undefined;
    if (asked !== undefined) return await asked;
    const asking = this.inTurn(ask).finally(() => this.asked.delete(question));
    this.asked.set(question, asking);
    const value = await asking;
    const size = JSON.stringify(value)?.length ?? 0;
    this.keep(key, { signature, atMs: this.options.nowMs(), value, size });
    return value;
  }

  private keep(key: string, entry: Entry): void {
    this.forget(key);
    this.entries.set(key, entry);
    this.size += entry.size;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= MOST_ENTRIES && this.size <= MOST_CHARACTERS) return;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.size -= this.entries.get(key)?.size ?? 0;
    this.entries.delete(key);
  }

  /** Does the work when fewer than so many others go on. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}

/** Size and inode as well as the time: two changes can come within one tick of a file system's clock. */
async function describe(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${path} ${ino} ${size} ${mtimeNs}`;
  } catch {
    return `${path} -`;
  }
}
