import { existsSync } from "node:fs";
import { join } from "node:path";

/** dbmate's own program, as its package for this platform brings it. */
export function findDbmate(): string {
  const ending = process.platform === "win32" ? ".exe" : "";
  const below = `@dbmate/${process.platform}-${process.arch}/bin/dbmate${ending}`;
  const path = join(import.meta.dir, "../../../node_modules", below);
  if (!existsSync(path)) throw new Error(`there is no ${path}: npm ci`);
  return path;
}
