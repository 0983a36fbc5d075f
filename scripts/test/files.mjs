// Which test files there are, and how they are dealt out: in parts of one folder each, the largest first.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const KINDS = { unit: ["test/unit", "test/structure.test.ts"], integration: ["test/integration"], e2e: ["test/e2e"] };

/** What `--only` takes. */
export const kinds = Object.keys(KINDS);

/** Files of this name are read in the long form only: what they want (an object store, a browser, an hour) is too much for every run. */
const LONG_ONLY = ".long.test.ts";

/** The test files of a kind whose paths hold all the words; with `long`, only those that are long, or have a longer form. */
export function findTestFiles(root, kind, { words, long }) {
  return KINDS[kind]
    .flatMap((path) => filesBelow(root, path))
    .filter((file) => words.every((word) => file.includes(word)))
    .filter((file) => (long ? isLong(root, file) : !file.endsWith(LONG_ONLY)));
}

function isLong(root, file) {
  return file.endsWith(LONG_ONLY) || /\b(thorough|takingTurns|trials)\b/.test(readFileSync(join(root, file), "utf8"));
}

function filesBelow(root, path) {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const inside = `${path}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(root, inside);
    return entry.name.endsWith(".test.ts") ? [inside] : [];
  });
}

/** The files in as many parts of about one size: [{name, files}]; none of them is empty. */
export function dealEvenly(root, files, { name, count }) {
  const parts = Array.from({ length: count }, (_, at) => ({ name: `${name} ${at + 1}`, files: [], bytes: 0 }));
  const sized = files.map((file) => ({ file, bytes: statSync(join(root, file)).size }));
  for (const { file, bytes } of sized.sort((a, b) => b.bytes - a.bytes)) {
    const least = parts.reduce((one, other) => (other.bytes < one.bytes ? other : one));
    least.files.push(file);
    least.bytes += bytes;
  }
  return parts.filter((part) => part.files.length > 0).map(({ bytes: _bytes, ...part }) => part);
}

/** The files in parts of one folder each: [{name, files}]. The largest come first, so that none is left for the end. */
export function dealOut(root, files) {
  const parts = new Map();
  for (const file of files) parts.set(dirname(file), [...(parts.get(dirname(file)) ?? []), file]);
  const size = ([, own]) => own.reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
  return [...parts]
    .sort((a, b) => size(b) - size(a))
    .map(([folder, own]) => ({ name: folder.replace("test/", ""), files: own }));
}
