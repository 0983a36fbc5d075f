/** A repository with a compose project in a subfolder: a database, a web service and a worker, all with fixed names. */
import { randomUUID } from "node:crypto";
import { choosePorts, portChecker } from "../../../src/server/ports.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { ensureCompose } from "../engine/compose.ts";
import { ensureImage, ensurePlainImage, type Major } from "../engine/images.ts";
import { run, runOk } from "../engine/run.ts";
import { testLabels } from "../engine/server.ts";
import { Repository } from "./repository.ts";

export const PASSWORD = "word-of-mains-env-file";

/** A container as docker shows it. */
export interface Container {
  service: string;
  running: boolean;
  /** The ports of the host that it publishes. */
  ports: number[];
  startedAt: string;
}

export class ComposeRepository extends Repository {
  /** Main's compose project; `pgrove.yaml` has the same name. */
  readonly project: string;

  private constructor(repository: Repository, project: string) {
    super(repository.repo);
    this.project = project;
  }

  /** With main's containers running. */
  static async start(major: Major): Promise<ComposeRepository> {
    await ensureCompose();
    const project = `t${randomUUID().slice(0, 8)}`;
    const ports = await choosePorts(
      { identity: project, names: { db: 24_000, web: 26_000 }, taken: new Set() },
      portChecker(systemRunner),
    );
    const [image, plain] = await Promise.all([ensureImage(major), ensurePlainImage()]);
    const made = await Repository.create(filesOf({ project, major, image, plain, ports }));
    const repository = new ComposeRepository(made, project);
    await repository.ok(["up", "--service", "web", "--service", "worker"]);
    return repository;
  }

  /** The compose project of a worktree. */
  projectOf(name: string): string {
    return `${this.project}-${name}`;
  }

  /** The containers of a compose project by service, seen from outside of pgrove. */
  async containers(project: string): Promise<Record<string, Container>> {
    const ids = await list("ps", ["-aq"], project);
    if (ids.length === 0) return {};
    const field =
      `{"service": {{json (index .Config.Labels "com.docker.compose.service")}}, "running": {{json .State.Running}},
      "bindings": {{json .NetworkSettings.Ports}}, "startedAt": {{json .State.StartedAt}}}`.replaceAll("\n", "");
    const said = await runOk("docker", ["inspect", "--format", field, ...ids]);
    const containers = said
      .trim()
      .split("\n")
      .map((line) => readContainer(JSON.parse(line) as InspectedContainer));
    return Object.fromEntries(containers.map((container) => [container.service, container]));
  }

  /** The services of a compose project that run. */
  async running(project: string): Promise<string[]> {
    return (await list("ps", ["--format", '{{.Label "com.docker.compose.service"}}'], project)).sort();
  }

  /** Everything that a compose project has on the engine. */
  async parts(project: string): Promise<string[]> {
    const lists = await Promise.all([
      list("ps", ["-a", "--format", "container {{.Names}}"], project),
      list("volume", ["ls", "--format", "volume {{.Name}}"], project),
      list("network", ["ls", "--format", "network {{.Name}}"], project),
    ]);
    return lists.flat().sort();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const projects = await runOk("docker", ["ps", "-a", "--format", '{{.Label "com.docker.compose.project"}}']);
    const own = new Set(projects.split("\n").filter((each) => each.startsWith(this.project)));
    for (const each of own) await run("docker", ["compose", "-p", each, "down", "-v", "-t", "0"]);
    await super[Symbol.asyncDispose]();
  }
}

interface InspectedContainer {
  service: string;
  running: boolean;
  bindings: Record<string, { HostPort: string }[] | null>;
  startedAt: string;
}

function readContainer({ bindings, ...rest }: InspectedContainer): Container {
  const ports = Object.values(bindings).flatMap((places) => (places ?? []).map(({ HostPort }) => Number(HostPort)));
  return { ...rest, ports: [...new Set(ports)] };
}

async function list(kind: string, args: readonly string[], project: string): Promise<string[]> {
  const filter = ["--filter", `label=com.docker.compose.project=${project}`];
  const command = kind === "ps" ? ["ps", ...args] : [kind, ...args];
  return (await runOk("docker", [...command, ...filter])).split("\n").filter((line) => line !== "");
}

interface Shape {
  project: string;
  major: Major;
  image: string;
  plain: string;
  ports: Record<string, number>;
}

function filesOf({ project, major, image, plain, ports }: Shape): Record<string, string> {
  const labels = JSON.stringify(testLabels());
  const data = major === 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
  const idle = (name: string) =>
    `image: "${plain}", init: true, command: [bash, -c, "echo ${name} is up; exec sleep infinity"], labels: ${labels}`;
  return {
    "deployment/docker-compose.yml": `name: ${project}
services:
  db:
    image: "${image}"
    container_name: ${project}-postgres
    environment: {POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD:?is not set}", POSTGRES_DB: app}
    ports: ["127.0.0.1:${ports.db}:5432"]
    volumes: ["data:${data}"]
    labels: ${labels}
  web: {${idle("web")}, container_name: ${project}-web, ports: ["${ports.web}:3000"], depends_on: [db]}
volumes: {data: {name: ${project}-data, labels: ${labels}}}
networks: {default: {labels: ${labels}}}
`,
    "deployment/docker-compose.jobs.yml": `services:
  worker: {${idle("worker")}, container_name: ${project}-worker, profiles: [jobs]}
`,
    "pgrove.yaml": `project: ${project}
isolation: container
prune: {after: 0s}
server:
  compose:
    files: [deployment/docker-compose.yml, deployment/docker-compose.jobs.yml]
    service: db
    profiles: [jobs]
database: {password: "\${POSTGRES_PASSWORD}"}
env: {set: {DATABASE_URL: "{url}", WEB_PORT: "{port.web}"}}
`,
    ".gitignore": ".env\n",
    ".env": `POSTGRES_PASSWORD=${PASSWORD}\n`,
  };
}
