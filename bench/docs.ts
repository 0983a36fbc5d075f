/** Puts what was measured into README.md and docs/measured.md, so that no figure is copied by hand. */
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** What stands between `<!-- measured -->` and `<!-- /measured -->` of that file. Throws when it has no such place. */
export async function replaceMeasured(file: string, text: string): Promise<void> {
  const path = join(ROOT, file);
  const before = await Bun.file(path).text();
  const place = /(<!-- measured -->\n)[\s\S]*?(\n<!-- \/measured -->)/;
  if (!place.test(before)) throw new Error(`${file} has no place for what was measured`);
  await Bun.write(
    path,
    before.replace(place, (_, start: string, end: string) => `${start}\n${text}\n${end}`),
  );
}
