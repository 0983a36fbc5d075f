/** The sample project: a repository in a temporary folder, and everything that has to go when the demo ends. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary } from "./prepare.mjs";
import { run } from "./process.mjs";

/** The label of the demo's containers, volumes and network. */
const LABEL = "pgrove-demo";
/** Where pgrove keeps a root user's private servers, which PostgreSQL's own user has to reach. */
const ROOTS_SERVERS = "/var/lib/pgrove";

const SCHEMA = `
create table customers (id int primary key, name text not null, joined date not null);
create table orders (id int primary key, customer int not null references customers, placed timestamptz not null);
create table items (
  id int primary key, "order" int not null references orders on delete cascade, article text not null, cents int not null);

insert into customers select n, 'customer ' || n, date '2025-01-01' + n % 365 from generate_series(1, 5000) n;
insert into orders select n, 1 + n * 7 % 5000, timestamptz '2026-01-01' + n * interval '7 min'
  from generate_series(1, 25000) n;
insert into items select n, 1 + n % 25000, 'article ' || n % 997, n * 31 % 20000 from generate_series(1, 70000) n;
create index on orders (customer);
create index on items ("order");
`;

/** One line per table: its rows, and a checksum of what is in them. */
const COUNTS = `select 'customers' as "table", count(*) as rows, sum(hashtext(t::text)::bigint) as checksum from customers t
union all select 'orders', count(*), sum(hashtext(t::text)::bigint) from orders t
union all select 'items', count(*), sum(hashtext(t::text)::bigint) from items t;
`;

/** Variables of the user's shell that would lead the demo astray. */
const FOREIGN = /^(DATABASE_|PG(?!ROVE_DEMO)|POSTGRES_|GIT_|COMPOSE_|BACKUP_|SKIP_BACKUP$|DB_|ENV_FILE$)/;

/** Makes the folder, its files and a first commit. */
export async function makeProject(server) {
  const name = `${LABEL}-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), `${LABEL}-`));
  chmodSync(folder, 0o711); // PostgreSQL's own user passes through, where root plays the demo
  const project = { name, folder, server, repo: join(folder, "shop"), env: environmentFor(folder) };
  project.hadRootsServers = existsSync(ROOTS_SERVERS);
  mkdirSync(project.repo);
  const files = { "pgrove.yaml": configFor(project), "schema.sql": SCHEMA.trimStart(), "counts.sql": COUNTS };
  if (server.kind === "compose") files["compose.yaml"] = composeFile(project);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(project.repo, file), text);
  return project;
}

/** The commit that the dump's manifest will name. */
export async function commitProject({ repo, env }) {
  for (const args of [
    ["init", "-q", "-b", "main"],
    ["add", "."],
    ["commit", "-q", "-m", "A shop"],
  ]) {
    const { code, stderr } = await run("git", args, { cwd: repo, env });
    if (code === 127) throw new Error("the demo needs git: install it, then try again");
    if (code !== 0) throw new Error(`git ${args[0]} failed: ${stderr.trim()}`);
  }
}

/** Nothing of the demo lands in the user's own folders, and nothing of theirs changes it. */
function environmentFor(folder) {
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return {
    ...Object.fromEntries(kept),
    XDG_DATA_HOME: join(folder, "data"),
    XDG_STATE_HOME: join(folder, "state"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_CACHE_HOME: join(folder, "cache"),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "pgrove demo",
    GIT_AUTHOR_EMAIL: "demo@example.org",
    GIT_COMMITTER_NAME: "pgrove demo",
    GIT_COMMITTER_EMAIL: "demo@example.org",
  };
}

function configFor({ name, server }) {
  const lines = {
    compose: ["  compose: {file: compose.yaml, service: db}"],
    container: [`  container: ${name}`],
    local: ["  local: {}          # a private server, from this machine's own PostgreSQL"],
  };
  return [
    "project: shop",
    "server:",
    ...lines[server.kind],
    "database: {name: shop, user: postgres}",
    "environments:",
    "  feature: {env_file: .env.feature}",
    "",
  ].join("\n");
}

function composeFile({ name, server }) {
  return `name: ${name}
services:
  db:
    image: ${server.image}
    labels: {${LABEL}: ${name}}
    environment: {POSTGRES_PASSWORD: demo, POSTGRES_DB: shop}
    ports: ["127.0.0.1::5432"]
`;
}

/** `docker create` for a container server; pgrove starts containers, it does not make them. */
export function createContainerArguments({ name, server }) {
  const env = ["-e", "POSTGRES_PASSWORD=demo", "-e", "POSTGRES_DB=shop"];
  return ["create", "--name", name, "--label", `${LABEL}=${name}`, ...env, "-p", "127.0.0.1::5432", server.image];
}

/** Removes everything that the demo made. Never throws; returns what could not be removed. */
export async function removeProject(project) {
  const left = [];
  if (project.server.kind === "local") left.push(...(await removeLocalServer(project)));
  else left.push(...(await removeContainers(project)));
  try {
    rmSync(project.folder, { recursive: true, force: true });
  } catch (error) {
    left.push(`${project.folder} (${error.message})`);
  }
  return left;
}

async function removeLocalServer({ repo, env, hadRootsServers }) {
  const state = join(repo, ".git/pgrove");
  if (!existsSync(state)) return [];
  const { code, stderr } = await run(binary, ["down", "--quiet"], { cwd: repo, env, last: true });
  if (code !== 0) return [`the server in ${state}: ${stderr.trim()}`];
  for (const name of readdirSync(state)) {
    const settings = join(state, name, "settings.json");
    const home = existsSync(settings) ? JSON.parse(readFileSync(settings, "utf8")).home : undefined;
    if (typeof home === "string") rmSync(home, { recursive: true, force: true });
  }
  if (!hadRootsServers && existsSync(ROOTS_SERVERS) && readdirSync(ROOTS_SERVERS).length === 0)
    rmdirSync(ROOTS_SERVERS);
  return [];
}

async function removeContainers({ name, env }) {
  const left = [];
  const docker = async (...args) => {
    const { code, stdout, stderr } = await run("docker", args, { env, last: true });
    if (code !== 0) left.push(`docker ${args.join(" ")}: ${stderr.trim()}`);
    return stdout.split("\n").filter((line) => line !== "");
  };
  const containers = await docker("ps", "-aq", "--filter", `label=${LABEL}=${name}`);
  if (containers.length > 0) await docker("rm", "-f", "-v", ...containers);
  const networks = await docker("network", "ls", "-q", "--filter", `label=com.docker.compose.project=${name}`);
  if (networks.length > 0) await docker("network", "rm", ...networks);
  return left;
}
