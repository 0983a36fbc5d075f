import { describe, expect, test } from "bun:test";
import { listSecretFiles, portInside, readImageLogin } from "../../../src/server/image-settings.ts";

describe("the login that an image makes", () => {
  test.each([
    ["postgres:17", {}, { user: "postgres", password: undefined, database: "postgres" }],
    ["postgres:17", { POSTGRES_USER: "ann" }, { user: "ann", password: undefined, database: "ann" }],
    [
      "docker.io/bitnami/postgresql:17",
      { POSTGRESQL_USERNAME: "ann", POSTGRESQL_PASSWORD: "pw", POSTGRESQL_DATABASE: "shop" },
      { user: "ann", password: "pw", database: "shop" },
    ],
    [
      "bitnamilegacy/postgresql:16",
      { POSTGRES_USER: "ann", POSTGRES_PASSWORD: "pw", POSTGRES_DB: "shop" },
      { user: "ann", password: "pw", database: "shop" },
    ],
    ["bitnami/postgresql", { POSTGRESQL_USERNAME: "ann" }, { user: "ann", password: undefined, database: "postgres" }],
    [
      "quay.io/sclorg/postgresql-16-c9s",
      { POSTGRESQL_USER: "ann", POSTGRESQL_PASSWORD: "pw", POSTGRESQL_DATABASE: "shop" },
      { user: "ann", password: "pw", database: "shop" },
    ],
    ["kartoza/postgis:17-3.5", {}, { user: "docker", password: undefined, database: "gis" }],
    [
      "kartoza/postgis",
      { POSTGRES_USER: "map", POSTGRES_PASS: "pw", POSTGRES_DBNAME: "geo, more" },
      { user: "map", password: "pw", database: "geo" },
    ],
    [
      "crunchydata/crunchy-postgres",
      { PG_USER: "ann", PG_PASSWORD: "pw", PG_DATABASE: "shop" },
      { user: "ann", password: "pw", database: "shop" },
    ],
    // Copies in a registry of one's own, known by their variables.
    [
      "registry.example/base/pg:1",
      { POSTGRESQL_USERNAME: "ann", POSTGRESQL_PASSWORD: "pw", POSTGRESQL_DATABASE: "shop" },
      { user: "ann", password: "pw", database: "shop" },
    ],
    [
      "registry.example/base/gis:1",
      { POSTGRES_USER: "map", POSTGRES_PASS: "pw", POSTGRES_DBNAME: "geo" },
      { user: "map", password: "pw", database: "geo" },
    ],
    // Another service's variables in a shared env file do not count for the official image.
    [
      "postgres:17",
      { POSTGRES_USER: "ann", POSTGRES_PASSWORD: "pw", POSTGRESQL_USERNAME: "bob", POSTGRESQL_PASSWORD: "no" },
      { user: "ann", password: "pw", database: "ann" },
    ],
  ])("%s with %j", (image, variables, login) => {
    expect(readImageLogin(image, variables)).toEqual(login);
  });

  test("values can be in files, which a plain value goes before", () => {
    const variables = { POSTGRES_PASSWORD_FILE: "/run/secrets/pw", POSTGRES_DB_FILE: "/x", POSTGRES_DB: "shop" };
    expect(listSecretFiles(variables)).toEqual({ POSTGRES_PASSWORD: "/run/secrets/pw" });
    expect(listSecretFiles({ POSTGRESQL_PASSWORD_FILE: "/pw" })).toEqual({ POSTGRESQL_PASSWORD: "/pw" });
    expect(listSecretFiles({ HOME: "/root" })).toEqual({});
  });
});

describe("the port inside", () => {
  test.each([
    [[], 5432],
    [["docker-entrypoint.sh", "postgres"], 5432],
    [["docker-entrypoint.sh", "postgres", "-p", "5433"], 5433],
    [["docker-entrypoint.sh", "-p5433"], 5433],
    [["docker-entrypoint.sh", "postgres", "-c", "port=5433"], 5433],
    [["docker-entrypoint.sh", "postgres", "-cport=5433", "-c", "shared_buffers=1GB"], 5433],
    [["docker-entrypoint.sh", "postgres", "--port=5433"], 5433],
    [["sh", "-c", "exec docker-entrypoint.sh postgres -p 5433"], 5433],
    [["docker-entrypoint.sh", "postgres", "-p", "5433", "-c", "port=5434"], 5434],
    [["tini", "-p", "SIGTERM", "--", "postgres"], 5432],
    [["docker-entrypoint.sh", "postgres", "-c", "import=1"], 5432],
  ])("of the command line %j is %p", (words, port) => {
    expect(portInside({}, words)).toBe(port);
  });

  test("of a variable counts where the command line says nothing", () => {
    expect(portInside({ PGPORT: "6000" }, ["postgres"])).toBe(6000);
    expect(portInside({ POSTGRESQL_PORT_NUMBER: "6001" }, [])).toBe(6001);
    expect(portInside({ PGPORT: "6000" }, ["postgres", "-p", "5433"])).toBe(5433);
    expect(portInside({ PGPORT: "none" }, [])).toBe(5432);
  });
});
