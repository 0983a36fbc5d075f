/** Writes the pgrove.yaml that `pgrove init` proposes: the smallest that works for what was found. */
import type { ServerKind } from "../config/config-schema.ts";
import { missingError } from "../errors.ts";
import type { Detected, DetectedEnvFile } from "./detect.ts";
import type { DetectedService } from "./detect-compose.ts";
import { type NamedPort, namePorts } from "./detect-ports.ts";
import type { DetectedSet } from "./detect-variables.ts";

export interface ProposalOptions {
  /** Left out, what was found decides: compose, else url, else local. */
  server?: ServerKind;
}

/** Stages that mean the developer's own machine, and so are no environments. */
const LOCAL_STAGES = new Set(["local", "dev", "development", "test", "testing", "ci"]);
const PROTECTED_STAGES = /^(prod|production|live)/i;

/** YAML text, with short comments. Throws exit 4 when compose is asked for and there is no such service. */
export function proposeConfig(detected: Detected, options: ProposalOptions = {}): string {
  const service = detected.services[0];
  const kind = options.server ?? chooseServer(detected);
  const sections = [
    [`project: ${scalar(detected.project)}`],
    serverLines(kind, detected, service),
    databaseLines(kind, detected),
    envLines(detected),
    portLines(detected),
    worktreeLines(detected),
    servicesLines(kind, service),
    migrationLines(detected),
    environmentLines(detected),
  ];
  return `${sections.flat().join("\n")}\n`;
}

function chooseServer({ services, envFiles }: Detected): ServerKind {
  if (services.length > 0) return "compose";
  return envFiles.some(({ stage, database }) => stage === undefined && database === "DATABASE_URL") ? "url" : "local";
}

function serverLines(
  kind: ServerKind,
  { services, project }: Detected,
  service: DetectedService | undefined,
): string[] {
  if (kind === "local") return ["server:", "  local: {}    # a private cluster from this machine's own PostgreSQL"];
  if (kind === "url") return ["server:", `  url: \${DATABASE_URL}    # from the environment or .env`];
  if (kind === "container") {
    const name = service?.container;
    const note = name === undefined ? "    # put the container's name here: docker ps" : "";
    return ["server:", `  container: ${scalar(name ?? `${project}-postgres`)}${note}`];
  }
  if (service === undefined) {
    throw missingError(
      "compose_missing",
      "no compose file here has a service that looks like PostgreSQL",
      "pgrove init --server container    or: local, url",
    );
  }
  const others = services
    .slice(1, 6)
    .map((each) => `  # or: ${comment(each.service)} in ${comment(filesOf(each).join(", "))}`);
  return [
    "server:",
    "  compose:",
    ...fileLines(service),
    `    service: ${scalar(service.service)}${service.image === undefined ? "" : `    # ${comment(service.image)}`}`,
    ...others,
  ];
}

/** A cluster of one's own has the database that the programs look for already. */
function databaseLines(kind: ServerKind, { sets = [], fixed = [] }: Detected): string[] {
  const named = [...sets, ...fixed].find(({ database }) => database !== undefined);
  if (kind !== "local" || named?.database === undefined) return [];
  return [`database: {name: ${scalar(named.database)}}    # as ${comment(named.file)} has it`];
}

/** One file stands for what compose finds there; files that a script names are meant exactly. */
function fileLines({ file, files, composeProject }: DetectedService): string[] {
  const lines = files === undefined ? [`    file: ${scalar(file)}`] : [`    files: [${files.map(scalar).join(", ")}]`];
  return [...lines, ...(composeProject === undefined ? [] : [`    project: ${scalar(composeProject)}`])];
}

function filesOf({ file, files }: DetectedService): readonly string[] {
  return files ?? [file];
}

/** What is found in the env files and in what reads them; where nothing is, the default writes DATABASE_URL. */
function envLines(detected: Detected): string[] {
  const { sets = [] } = detected;
  const [only, ...further] = sets;
  if (only === undefined) return partLines(detected);
  const named = namePorts(sets);
  const isUsual = Object.keys(only.set).join() === "DATABASE_URL" && only.set.DATABASE_URL === "{url}";
  if (further.length === 0 && only.file === ".env" && isUsual && Object.keys(only.ports).length === 0) return [];
  if (further.length === 0) {
    const file = only.file === ".env" ? [] : [`  file: ${scalar(only.file)}`];
    return ["env:    # written into each worktree's env file", ...file, "  set:", ...setLines(only, named, "    ")];
  }
  return [
    "env:    # written into each worktree's env files",
    ...sets.flatMap((each) => [`  - file: ${scalar(each.file)}`, "    set:", ...setLines(each, named, "      ")]),
  ];
}

function setLines({ file, set }: DetectedSet, named: readonly NamedPort[], indent: string): string[] {
  const lines = Object.entries(set).map(
    ([name, text]) => `${indent}${name}: ${JSON.stringify(text.replace(/\$\{/g, "$$$&"))}`,
  );
  const own = named.filter((each) => each.file === file);
  return [...lines, ...own.map(({ variable, name }) => `${indent}${variable}: "{port.${name}}"`)];
}

/** The application's own ports: the main worktree's. */
function portLines({ sets = [] }: Detected): string[] {
  const named = new Map(namePorts(sets).map(({ name, port }) => [name, port]));
  if (named.size === 0) return [];
  return [
    `ports: {${[...named].map(([name, port]) => `${name}: ${port}`).join(", ")}}    # main's; each worktree gets its own`,
  ];
}

function worktreeLines({ share = [] }: Detected): string[] {
  if (share.length === 0) return [];
  return [
    "worktrees:",
    `  share: [${share.map(scalar).join(", ")}]    # ignored by git, and brought along into a new worktree`,
  ];
}

/** A project that reads the parts is given the parts. */
function partLines({ envFiles }: Detected): string[] {
  const own = envFiles.filter(({ stage, isExample }) => stage === undefined || stage === "local" || isExample);
  const source = own.find(({ database }) => database !== undefined)?.database;
  const names = PART_NAMES[source ?? ""];
  if (names === undefined) return [];
  const lines = names.map(([name, placeholder]) => `    ${name}: "{${placeholder}}"`);
  return ["env:    # written into each worktree's .env", "  set:", ...lines];
}

const PART_NAMES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "DATABASE_*": [
    ["DATABASE_HOST", "host"],
    ["DATABASE_PORT", "port"],
    ["DATABASE_USER", "user"],
    ["DATABASE_PASSWORD", "password"],
    ["DATABASE_NAME", "database"],
  ],
  "PG*": [
    ["PGHOST", "host"],
    ["PGPORT", "port"],
    ["PGUSER", "user"],
    ["PGPASSWORD", "password"],
    ["PGDATABASE", "database"],
  ],
};

function servicesLines(kind: ServerKind, service: DetectedService | undefined): string[] {
  if (kind !== "compose" || service === undefined || service.dependents.length === 0) return [];
  return [
    `services: [${service.dependents.map(scalar).join(", ")}]    # stopped around a restore, started again after it`,
  ];
}

function migrationLines({ migrations }: Detected): string[] {
  if (migrations === undefined) return [];
  if ("foreign" in migrations) {
    return [
      `# migrations:    # ${JSON.stringify(migrations.file)} looks like one of ${migrations.foreign}: pgrove runs that tool's commands, given here`,
      "#   command: {up: …, down: …, status: …, create: …}",
    ];
  }
  if ("command" in migrations) {
    const commands = Object.entries(migrations.command).map(([name, command]) => `    ${name}: ${literal(command)}`);
    return [
      `migrations:    # ${migrations.tool}'s own commands, run once approved: pgrove trust`,
      "  command:",
      ...commands,
    ];
  }
  const { dir, layout, table } = migrations;
  if (layout === "golang-migrate") return dir === "migrations" ? [] : ["migrations:", `  dir: ${scalar(dir)}`];
  const told = table === undefined ? [] : [`  table: ${scalar(table)}    # as ${layout} is told by the env file`];
  return ["migrations:", `  dir: ${scalar(dir)}`, `  layout: ${layout}`, ...told];
}

function environmentLines({ envFiles }: Detected): string[] {
  const lines = envFiles.flatMap((each) => (isEnvironment(each) ? [environmentLine(each)] : []));
  return lines.length === 0 ? [] : ["environments:    # reached as @name", ...lines];
}

function isEnvironment(file: DetectedEnvFile): file is DetectedEnvFile & { stage: string } {
  const { stage, isExample, database } = file;
  return stage !== undefined && !isExample && database !== undefined && !LOCAL_STAGES.has(stage);
}

function environmentLine({ file, stage }: { file: string; stage: string }): string {
  const guard = PROTECTED_STAGES.test(stage) ? ", protected: true" : "";
  return `  ${scalar(stage)}: {env_file: ${scalar(file)}${guard}}`;
}

/** YAML for a text of the repository's; `${` would be read as a variable, so it is escaped. */
function scalar(text: string): string {
  return literal(text.replace(/\$\{/g, "$$$&"));
}

/** YAML for a text: plain where that reads back as the same text. For commands, whose `${…}` is the shell's. */
function literal(text: string): string {
  const isPlain = /^[A-Za-z_./][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*$/.test(text);
  return isPlain && !/^(true|false|null|yes|no|on|off|y|n|\.inf|\.nan)$/i.test(text) ? text : JSON.stringify(text);
}

/** What a repository says must not break out of its comment. */
function comment(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
