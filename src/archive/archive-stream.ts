/** An archive that passes through from pg_dump to pg_restore, without what the target does not take. */
import { ArchiveCursor, type ArchiveEntry, type ArchiveHead, MOST_BYTES, readEntry, readHead } from "./archive.ts";
import { blank } from "./left-out.ts";
import { USUAL_PATH } from "./search-path.ts";

const FIRST_BYTES = 1 << 16;

/** What is changed of an archive beside what no server takes. */
interface Changes {
  /** The session keeps its own search_path. */
  keepsPath: boolean;
  /** Whether an entry is left out whole; its rows stay. */
  goes: (entry: ArchiveEntry) => boolean;
}

/**
 * The archive, byte for byte, with what is left out blanked in its table of contents. `found` is told once, with the
 * names. `goes` tells which entries are left out whole; `keepsPath` leaves the session its own search_path. No more is held than the entry that is being read. What cannot be read passes as it is: pg_restore says why.
 */
export async function* withoutLeftOut(
  source: AsyncIterable<Uint8Array>,
  found: (names: readonly string[]) => void,
  { keepsPath = false, goes = () => false }: Partial<Changes> = {},
): AsyncGenerator<Uint8Array> {
  const contents = new Contents({ keepsPath, goes });
  let pieces: Uint8Array[] = [];
  let size = 0;
  let wanted = FIRST_BYTES;
  for await (const chunk of source) {
    if (contents.isRead) {
      yield chunk;
      continue;
    }
    pieces.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    const bytes = Buffer.concat(pieces);
    const read = contents.read(bytes);
    if (contents.isRead) found([...contents.names]);
    if (read > 0) yield bytes.subarray(0, read);
    pieces = [bytes.subarray(read)];
    size = bytes.length - read;
    wanted = 2 * size; // an entry that is longer than what has come is not tried again with every chunk
  }
  if (contents.isRead) return;
  const bytes = Buffer.concat(pieces);
  contents.read(bytes);
  found([...contents.names]);
  yield bytes;
}

/** The table of contents, entry by entry. */
class Contents {
  readonly names = new Set<string>();
  isRead = false;
  private head: ArchiveHead | undefined;
  private count = 0;
  private readonly cursor = new ArchiveCursor(new Uint8Array());

  constructor(private readonly changes: Changes) {}

  /** Reads and blanks the entries that are whole; how many bytes that was, or all when there are no more entries. */
  read(bytes: Uint8Array): number {
    const { keepsPath, goes } = this.changes;
    this.cursor.bytes = bytes;
    let whole = 0;
    const reached = () => {
      whole = this.cursor.position;
    };
    this.cursor.position = 0;
    try {
      this.head ??= readHead(this.cursor);
      reached();
      for (; this.count < this.head.count; this.count++) {
        const entry = readEntry(this.cursor, this.head.version.minor, this.head.format);
        const { kind, place, leftOut } = entry;
        for (const name of leftOut.names) this.names.add(name);
        blank(bytes, leftOut.parts);
        if (goes(entry)) blank(bytes, [place]);
        if (keepsPath && kind === "SEARCHPATH") blank(bytes, [{ ...place, instead: USUAL_PATH }]);
        reached();
      }
    } catch (error) {
      if (error instanceof RangeError && bytes.length < MOST_BYTES) return whole;
    }
    this.isRead = true;
    return bytes.length;
  }
}
