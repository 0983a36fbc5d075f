/** The house's rules, kept by reading src/. Each rule is first shown to find its own breach in a made-up file. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize, relative } from "node:path";
import { once } from "../src/sys/once.ts";

const ROOT = join(import.meta.dir, "..");
const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 60;

interface SourceFile {
  /** Relative to src/, with slashes. */
  path: string;
  text: string;
}

interface Import {
  from: string;
  to: string;
}

type Rule = (files: readonly SourceFile[]) => string[];

const FEATURES = ["worktree", "dump", "remote", "copy", "migrate", "seed", "monitor", "serve"];

/** Which feature may use which other one. */
const FEATURE_USES: Readonly<Record<string, readonly string[]>> = {
  migrate: ["dump", "copy"],
  worktree: ["copy", "dump", "migrate", "seed"],
  monitor: ["dump", "migrate"],
  remote: ["dump"],
};

/** The rooms below the features: each may use those behind it. */
const BELOW_FEATURES = [
  ...["unit", "archive", "sql", "work", "resolve", "detect", "repo", "server", "postgres", "retention"],
];

/** What any folder may use. */
const EVERYWHERE = ["config", "sys"];

/** What a folder's files may import, beside their own folder. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  main: ["cli"],
  cli: [...FEATURES, "answers", ...BELOW_FEATURES, ...EVERYWHERE],
  ...Object.fromEntries(
    FEATURES.map((name) => [name, [...(FEATURE_USES[name] ?? []), ...BELOW_FEATURES, ...EVERYWHERE]]),
  ),
  ...Object.fromEntries(
    BELOW_FEATURES.map((name, place) => [name, [...BELOW_FEATURES.slice(place + 1), ...EVERYWHERE]]),
  ),
  serve: ["seed", "monitor", "answers", ...BELOW_FEATURES, ...EVERYWHERE],
  // The forms of what is answered: they know nothing of how it comes about.
  answers: [],
  // What any folder may import may itself stand only on what is below everything.
  config: ["sys"],
  sys: [],
  errors: [],
};

/** `errors.ts` → "errors", `cli/commands/dump.ts` → "cli". */
function roomOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path.replace(/\.ts$/, "") : path.slice(0, slash);
}

function importsOf({ path, text }: SourceFile): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  const add = (to: string | undefined) => {
    if (to?.startsWith(".")) found.push({ from: path, to: normalize(join(dirname(path), to)) });
  };
  for (const [, to] of code.matchAll(/\b(?:import|export)\b[^;"'()]*?\bfrom\s*["']([^"']+)["']/g)) add(to);
  for (const [, to] of code.matchAll(/\bimport\s*["']([^"']+)["']/g)) add(to);
  for (const [, to] of code.matchAll(/\bimport\(\s*["']([^"']+)["']/g)) add(to);
  return found;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** One finding per line of code that the pattern is in, in files that are not excepted. */
function forbid(pattern: RegExp, except: readonly string[] = []): Rule {
  return (files) =>
    files
      .filter(({ path }) => !except.includes(path))
      .flatMap(({ path, text }) =>
        withoutComments(text)
          .split("\n")
          .filter((line) => pattern.test(line))
          .map((line) => `${path}: ${line.trim()}`),
      );
}

const importDirection: Rule = (files) =>
  files.flatMap(importsOf).flatMap(({ from, to }) => {
    const [own, other] = [roomOf(from), roomOf(to)];
    const allowed =
      own === other || other === "errors" || to.startsWith("../package.json") || to.startsWith("../dist/page/");
    return allowed || ALLOWED[own]?.includes(other) ? [] : [`${from} imports ${to}`];
  });

const commandsAlone: Rule = (files) =>
  files
    .flatMap(importsOf)
    .filter(({ from, to }) => from.startsWith("cli/commands/") && to.startsWith("cli/commands/"))
    .map(({ from, to }) => `${from} imports ${to}`);

const noCycles: Rule = (files) => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of files.flatMap(importsOf)) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
};

const smallFiles: Rule = (files) =>
  files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return lines > MAX_FILE_LINES ? [`${path} has ${lines} lines`] : [];
  });

/** Biome counts them: it knows where a function begins and ends. */
const smallFunctions: Rule = (files) => {
  const folder = mkdtempSync(join(tmpdir(), "pgrove-structure-"));
  try {
    const options = { maxLines: MAX_FUNCTION_LINES };
    const rule = { complexity: { noExcessiveLinesPerFunction: { level: "error", options } } };
    const config = { root: true, formatter: { enabled: false }, assist: { enabled: false } };
    const linter = { rules: { preset: "none", ...rule } };
    writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...config, linter }));
    // One folder for all, so that one run does; the name leads back to the path.
    for (const { path, text } of files) writeFileSync(join(folder, path.replaceAll("/", "__")), text);
    const biome = join(ROOT, "node_modules/.bin/biome");
    const command = [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."];
    const run = Bun.spawnSync(command, { cwd: folder, stdout: "pipe", stderr: "pipe" });
    const report: unknown = JSON.parse(run.stdout.toString());
    return findingsOf(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function findingsOf(report: unknown): string[] {
  const diagnostics = at(report, "diagnostics");
  if (!Array.isArray(diagnostics)) throw new Error("biome's report has no diagnostics");
  return diagnostics
    .filter((each) => at(each, "category") === "lint/complexity/noExcessiveLinesPerFunction")
    .map((each) => {
      const location = at(each, "location");
      const path = String(at(location, "path")).replaceAll("__", "/");
      return `${path}:${at(at(location, "start"), "line")} ${at(each, "message")}`;
    });
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

const noVagueFolders: Rule = (files) =>
  files
    .filter(({ path }) => /(^|\/)(utils?|helpers?|misc|common|lib)(\/|\.ts$)/.test(path))
    .map(({ path }) => `${path} says nothing of what is in it`);

/** What builds and tools write, and a global ignore file so often hides: such a folder of ours would never be committed. */
const IGNORED_FOLDERS = [
  ...["target", "build", "dist", "out", "output", "bin", "obj", "release", "debug", "coverage"],
  ...["tmp", "temp", "logs", "cache", "vendor", "node_modules", "packages"],
];

const noIgnoredFolders: Rule = (files) =>
  files
    .filter(({ path }) =>
      path
        .split("/")
        .slice(0, -1)
        .some((name) => IGNORED_FOLDERS.includes(name.toLowerCase())),
    )
    .map(({ path }) => `${path} is in a folder that global ignore files hide`);

/** Every word of the code that uses src/ from outside; this file only reads it. */
const wordsOutside = once(() => {
  const folders = ["test", "bench", "scripts", "page"].map((name) => join(ROOT, name));
  const others = folders
    .flatMap((folder) => readSource(folder))
    .filter(({ path }) => !path.endsWith("structure.test.ts"));
  return new Set(others.flatMap(({ text }) => wordsOf(text)));
});

function wordsOf(text: string): string[] {
  return text.match(/[A-Za-z_$][\w$]*/g) ?? [];
}

/** Of types more is exported: they stand in what exported functions take and return. */
const noUnusedExports: Rule = (files) => {
  const usedIn = new Map<string, Set<string>>();
  for (const { path, text } of files) {
    for (const word of wordsOf(withoutComments(text))) usedIn.set(word, (usedIn.get(word) ?? new Set()).add(path));
  }
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(/^export (?:async )?(?:function\*?|const|class) ([\w$]+)/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => usedIn.get(name)?.size === 1 && !wordsOutside().has(name))
      .map((name) => `${path} exports ${name}, which no other file uses`),
  );
};

interface RuleCase {
  says: string;
  rule: Rule;
  breaches: readonly (readonly SourceFile[])[];
}

const file = (path: string, text: string): SourceFile => ({ path, text });
const lines = (count: number) => Array.from({ length: count }, (_, index) => `  work(${index});`).join("\n");

const RULES: readonly RuleCase[] = [
  {
    says: "imports go one way: main → cli → features → unit → archive → sql → work → resolve → detect → repo → server → postgres → sys",
    rule: importDirection,
    breaches: [
      [file("serve/a.ts", 'import { x } from "../cli/output.ts";')],
      [file("dump/a.ts", 'import { x } from "../answers/dumps.ts";')],
      [file("sys/a.ts", 'import { x } from "../cli/output.ts";')],
      [file("dump/a.ts", 'import type { x } from "../cli/context.ts";')],
      [file("server/a.ts", 'export {\n  x,\n} from "../repo/git.ts";')],
      [file("postgres/a.ts", 'const x = await import("../server/server.ts");')],
      [file("unit/a.ts", 'import "../dump/dump.ts";')],
      [file("copy/a.ts", 'import "../dump/dump.ts";')],
      [file("work/a.ts", 'const x = await import("../sql/psql.ts");')],
      [file("errors.ts", 'import { x } from "./sys/redact.ts";')],
      [file("unheard/a.ts", 'import { x } from "../sys/redact.ts";')],
    ],
  },
  {
    says: "commands do not import commands",
    rule: commandsAlone,
    breaches: [[file("cli/commands/up.ts", 'import { command } from "./down.ts";')]],
  },
  {
    says: "no two modules import each other, however far round, nor when it is needed",
    rule: noCycles,
    breaches: [
      [
        file("sys/a.ts", 'import type { B } from "./b.ts";'),
        file("sys/b.ts", 'import { c } from "./c.ts";'),
        file("sys/c.ts", 'import { a } from "./a.ts";'),
      ],
      [file("sys/a.ts", 'import { b } from "./b.ts";'), file("sys/b.ts", 'const a = await import("./a.ts");')],
    ],
  },
  {
    says: "whether a worktree has a database, a schema or a server is asked where its unit and its target are chosen",
    rule: (files) =>
      forbid(/\bschema (===|!==) undefined|\bisolation (===|!==)/, ["resolve/worktree-target.ts"])(
        files.filter(({ path }) => !path.startsWith("unit/")),
      ),
    breaches: [
      [file("dump/a.ts", "if (target.schema === undefined) restoreWhole();")],
      [file("cli/a.ts", 'if (row.isolation !== "schema") askFirst();')],
    ],
  },
  {
    says: "nothing ends the process: what is not written yet would be lost",
    rule: forbid(/\bprocess\s*\.\s*(exit|abort|reallyExit)\s*\(|\bexit\s*\(\s*\d/),
    breaches: [[file("dump/a.ts", "if (wrong) process.exit(1);")]],
  },
  {
    says: "only cli/run.ts has the list of all commands: what a command needs of it is handed to it",
    rule: (files) =>
      files
        .flatMap(importsOf)
        .filter(({ from, to }) => to === "cli/root.ts" && from !== "cli/run.ts")
        .map(({ from, to }) => `${from} imports ${to}`),
    breaches: [
      [file("cli/complete.ts", 'import { root } from "./root.ts";')],
      [file("cli/commands/complete.ts", 'const { root } = await import("../root.ts");')],
    ],
  },
  {
    says: "citty defines and runs commands, and does not read the line or end the process; of consola there is the core",
    rule: forbid(/\b(runMain|createMain|showUsage|parseArgs)\b.*"citty"|"consola(\/(basic|browser|utils))?"/),
    breaches: [
      [file("cli/run.ts", 'import { runMain } from "citty";')],
      [file("cli/story.ts", 'import { consola } from "consola";')],
      [file("cli/story.ts", 'const { colors } = await import("consola/utils");')],
    ],
  },
  {
    says: "no console",
    rule: forbid(/\bconsole\s*[.[]/),
    breaches: [[file("dump/a.ts", 'console.log("x");')]],
  },
  {
    says: "only cli/output.ts writes to stdout and stderr, and cli/short-answer.ts the version",
    rule: forbid(
      /\bstdout\s*\.\s*write|\bstderr\s*\.\s*write|\bBun\s*\.\s*(stdout|stderr)\b|\bwrite(Sync)?\(\s*[12]\b/,
      ["cli/output.ts", "cli/short-answer.ts"],
    ),
    breaches: [
      [file("dump/a.ts", "process.stdout.write(text);")],
      [file("cli/commands/a.ts", "await Bun.write(Bun.stdout, text);")],
      [file("dump/a.ts", "writeSync(1, text);")],
    ],
  },
  {
    says: "only sys/process.ts starts programs",
    rule: forbid(/\bBun\s*\.\s*(spawn|spawnSync|\$)|child_process|\bfrom\s+"bun"/, ["sys/process.ts"]),
    breaches: [
      [file("server/a.ts", 'Bun.spawn({ cmd: ["docker"] });')],
      [file("server/a.ts", 'import { execFile } from "node:child_process";')],
      [file("server/a.ts", 'import { $ } from "bun";')],
    ],
  },
  {
    says: `no file has more than ${MAX_FILE_LINES} lines`,
    rule: smallFiles,
    breaches: [[file("dump/a.ts", lines(MAX_FILE_LINES + 1))]],
  },
  {
    says: `no function has more than ${MAX_FUNCTION_LINES} lines`,
    rule: smallFunctions,
    breaches: [
      [file("dump/a.ts", `export function long() {\n${lines(MAX_FUNCTION_LINES + 1)}\n}`)],
      [file("dump/a.ts", `export const long = () => {\n${lines(MAX_FUNCTION_LINES + 1)}\n};`)],
    ],
  },
  {
    says: "folders and files are named for what is in them",
    rule: noVagueFolders,
    breaches: [[file("utils/strings.ts", "")], [file("cli/helpers.ts", "")]],
  },
  {
    says: "no folder is named like one that global ignore files hide",
    rule: noIgnoredFolders,
    breaches: [[file("target/a.ts", "")], [file("cli/build/a.ts", "")], [file("sys/Tmp/a.ts", "")]],
  },
  {
    says: "what a file exports, another one uses",
    rule: noUnusedExports,
    breaches: [
      [file("sys/a.ts", "export const aloneHere = 1;\nuse(aloneHere);"), file("sys/b.ts", "// aloneHere\n")],
      [file("sys/a.ts", "export async function aloneHereToo() {}")],
    ],
  },
  {
    says: "nothing is left to do",
    rule: (files) => files.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text)).map(({ path }) => path),
    breaches: [[file("dump/a.ts", "// TODO: later")]],
  },
];

function readSource(folder = join(ROOT, "src")): SourceFile[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return readSource(path);
    if (!/\.(ts|tsx|mjs)$/.test(name)) return [];
    return [{ path: relative(join(ROOT, "src"), path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") }];
  });
}

describe.each([...RULES])("$says", ({ rule, breaches }) => {
  test("the rule finds a breach", () => {
    for (const breach of breaches) expect(rule(breach)).not.toBeEmpty();
  });

  test("src/ keeps it", () => {
    expect(rule(readSource())).toEqual([]);
  });
});

/** The dependencies that no line of the text is about. */
function undescribed(dependencies: readonly string[], readme: string): string[] {
  const all = readme.split("\n");
  return dependencies.filter(
    (name) => !all.some((line) => line.includes(`\`${name}\``) && line.length > name.length + 10),
  );
}

test("every dependency at run time has a line in the README that says what it is for", () => {
  expect(undescribed(["yaml"], "nothing of it\n`yaml`")).toEqual(["yaml"]);
  expect(undescribed(["yaml"], "| `yaml` | reads pgrove.yaml |")).toEqual([]);
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const dependencies = Object.keys(Object(at(manifest, "dependencies")));
  expect(dependencies).not.toBeEmpty();
  const readme = join(ROOT, "README.md");
  expect(undescribed(dependencies, existsSync(readme) ? readFileSync(readme, "utf8") : "")).toEqual([]);
});

test("the rules read every folder of src", () => {
  const rooms = new Set(readSource().map(({ path }) => roomOf(path)));
  for (const room of rooms) expect(Object.keys(ALLOWED)).toContain(room);
});
