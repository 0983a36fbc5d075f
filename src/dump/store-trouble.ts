/** What the file system says where the store is to be changed, told as what has to be done about it. */
import { failure } from "../errors.ts";
import { errorCode } from "../sys/files.ts";
import { quoteWord } from "../sys/shell-word.ts";

const ELSEWHERE = "or set dumps.dir in pgrove.yaml, or BACKUP_DIR, to another folder";

function hintFor(code: string, folder: string): string | undefined {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return `ls -ld ${quoteWord(folder)}      shows who may write there; ${ELSEWHERE}`;
    case "EROFS":
      return `its disk is mounted read-only: mount it for writing, ${ELSEWHERE}`;
    case "ENOSPC":
    case "EDQUOT":
      return `make room on its disk (pgrove dumps list shows what is there), ${ELSEWHERE}`;
    default:
      return undefined;
  }
}

/** The body, which changes something in the store. Throws (exit 1) with what keeps the folder from being changed. */
export async function changingStore<T>(folder: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const code = errorCode(error) ?? "";
    const hint = hintFor(code, folder);
    if (hint === undefined) throw error;
    throw failure("store_unwritable", `the dumps' folder cannot be changed: ${folder} (${code})`, hint, error);
  }
}
