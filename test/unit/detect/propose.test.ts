import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../../src/config/config-schema.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Detected, DetectedEnvFile } from "../../../src/detect/detect.ts";
import type { DetectedService } from "../../../src/detect/detect-compose.ts";
import { proposeConfig } from "../../../src/detect/propose.ts";

const NOTHING: Detected = { root: "/repo", project: "onyx", services: [], envFiles: [], migrations: undefined };

const SERVICE: DetectedService = {
  file: "deployment/docker-compose.yml",
  service: "relational_db",
  image: "postgres:15",
  container: "onyx-db",
  dependents: ["api", "worker"],
};

function envFile(stage: string | undefined, database: string | undefined = "DATABASE_URL"): DetectedEnvFile {
  return { file: stage === undefined ? ".env" : `.env.${stage}`, stage, isExample: stage === "example", database };
}

/** What pgrove itself makes of a proposal. */
async function load(yaml: string): Promise<Config> {
  const dir = await mkdtemp(join(tmpdir(), "pgrove-propose-"));
  try {
    const file = join(dir, "pgrove.yaml");
    await writeFile(file, yaml);
    return (await loadConfig(file, { environment: { DATABASE_URL: "postgres://localhost/x" } })).config;
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe("the server", () => {
  test("nothing found: a private cluster", () => {
    expect(proposeConfig(NOTHING)).toBe(
      "project: onyx\nserver:\n  local: {}    # a private cluster from this machine's own PostgreSQL\n",
    );
  });

  test("a DATABASE_URL in .env: that server; in .env.production: not", () => {
    expect(proposeConfig({ ...NOTHING, envFiles: [envFile(undefined)] })).toContain(`  url: \${DATABASE_URL}`);
    expect(proposeConfig({ ...NOTHING, envFiles: [envFile("production")] })).toContain("  local: {}");
  });

  test("a compose file, its dependents, and the other candidates as comments", async () => {
    const other = { ...SERVICE, file: "docker-compose.prod.yml" };
    const yaml = proposeConfig({ ...NOTHING, services: [SERVICE, other] });
    expect(yaml).toContain("  # or: relational_db in docker-compose.prod.yml\n");
    const config = await load(yaml);
    expect(config.server).toMatchObject({ kind: "compose", service: "relational_db" });
    expect(config.services).toEqual(["api", "worker"]);
  });

  test("files and project of a script are written as they are", async () => {
    const called = { ...SERVICE, file: "a.yml", files: ["a.yml", "b.yml"], composeProject: "shop_dev" };
    const { server } = await load(proposeConfig({ ...NOTHING, services: [called] }));
    expect(server).toMatchObject({ kind: "compose", exact: true, project: "shop_dev" });
    if (server.kind === "compose") expect(server.files.map((file) => file.slice(-5))).toEqual(["a.yml", "b.yml"]);
  });

  test("every kind that can be asked for is taken by pgrove", async () => {
    const detected = { ...NOTHING, services: [SERVICE] };
    for (const server of ["compose", "container", "local", "url"] as const) {
      expect((await load(proposeConfig(detected, { server }))).server.kind).toBe(server);
    }
    expect(proposeConfig(detected, { server: "container" })).toContain("container: onyx-db\n");
  });

  test("compose without a compose file is refused, with the way out", () => {
    expect(() => proposeConfig(NOTHING, { server: "compose" })).toThrow(
      expect.objectContaining({ exit: 4, hint: expect.stringContaining("--server container") }),
    );
  });
});

test("stages become environments, production protected; local ones, examples and those without a database do not", async () => {
  const envFiles = [
    envFile("example"),
    envFile("local"),
    envFile("test"),
    envFile("preview"),
    { ...envFile("staging"), database: undefined },
    envFile("qa"),
    envFile("production", "DATABASE_*"),
  ];
  const { environments } = await load(proposeConfig({ ...NOTHING, envFiles }));
  expect(Object.keys(environments).sort()).toEqual(["preview", "production", "qa"]);
  expect(environments.production?.protected).toBe(true);
  expect(environments.qa?.protected).toBe(false);
});

test("a project that reads the parts is given the parts", async () => {
  const { env } = await load(proposeConfig({ ...NOTHING, envFiles: [envFile("example", "DATABASE_*")] }));
  expect(env.set).toEqual({
    DATABASE_HOST: "{host}",
    DATABASE_PORT: "{port}",
    DATABASE_USER: "{user}",
    DATABASE_PASSWORD: "{password}",
    DATABASE_NAME: "{database}",
  });
});

test("migrations: the default folder needs no line, commands are kept word for word", async () => {
  const plain = proposeConfig({ ...NOTHING, migrations: { dir: "migrations", layout: "golang-migrate" } });
  expect(plain).not.toContain("migrations");
  const told = proposeConfig({ ...NOTHING, migrations: { dir: "db", layout: "goose", table: "app.changes" } });
  expect((await load(told)).migrations).toMatchObject({ layout: "goose", table: "app.changes" });
  const command = { up: `cd 'it'\\''s' && alembic -x \${A} upgrade head`, status: "alembic current" };
  const config = await load(proposeConfig({ ...NOTHING, migrations: { tool: "alembic", command } }));
  expect(config.migrations.command).toEqual(command);
});

describe("hostile names stay text", () => {
  test.each(["a: b", "- x", "true", "007", "a # b", "é\u2028x", '"', `\${HOME}`, "x\ny: 1", "*a", "!!js/x", ""])(
    "service %p",
    async (service) => {
      const yaml = proposeConfig({
        ...NOTHING,
        services: [{ ...SERVICE, service, image: `x\nproject: evil ${service}` }],
      });
      if (service === "") return expect(load(yaml)).rejects.toThrow("service");
      const config = await load(yaml);
      expect(config.project).toBe("onyx");
      expect(config.server).toMatchObject({ kind: "compose", service });
    },
  );
});

test("a tool whose commands are not known is named in a comment, and the file is valid", async () => {
  const text = proposeConfig({ ...NOTHING, migrations: { foreign: "Flyway", file: "db/migration/V1__a\nb: c.sql" } });
  expect(text).toContain("looks like one of Flyway");
  expect((await load(text)).migrations.command).toBeUndefined();
});
