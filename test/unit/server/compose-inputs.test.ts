import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { listComposeInputs } from "../../../src/server/compose-inputs.ts";
import { listComposeParts } from "../../../src/server/compose-parts.ts";

let folder = "";
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "pgrove-inputs-")));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function inputsOf(
  files: Record<string, string>,
  service: string,
  variables: Record<string, string> = {},
): Promise<string[]> {
  const root = join(folder, crypto.randomUUID());
  for (const [name, text] of Object.entries(files)) await Bun.write(join(root, name), text);
  const parts = await listComposeParts([join(root, "compose.yml")], variables);
  return (await listComposeInputs(parts, service, root, variables)).map((path) => relative(root, path)).sort();
}

test("what is built, mounted and read for the service and those before it, however it is written", async () => {
  const found = await inputsOf(
    {
      "compose.yml": `
services:
  db:
    build: ./image
    depends_on: {cache: {condition: service_started}}
    extends: {file: base/db.yml, service: base}
    volumes:
      - ./init:/docker-entrypoint-initdb.d:ro
      - {type: bind, source: ./pg.conf, target: /etc/pg.conf}
      - "\${CONF:-./hba.conf}:/etc/hba.conf"
      - "\${PWD}/first.sh:/docker-entrypoint-initdb.d/1.sh"
      - "$PWD/second.sh:/docker-entrypoint-initdb.d/2.sh"
      - {type: bind, source: "\${ROOT:?say where}/third.sh", target: /docker-entrypoint-initdb.d/3.sh}
      - data:/var/lib/postgresql
      - ../outside.sh:/x
    env_file: [db.env, {path: more.env}, absent.env]
  cache: {build: {context: cache, dockerfile: My.Dockerfile}, links: ["store:s"]}
  store: {volumes: ["./store.sh:/run.sh"]}
  web: {volumes: ["./web.sh:/run.sh"]}
secrets: {key: {file: ./key.txt}}
`,
      "base/db.yml": 'services: {base: {volumes: ["./entry.sh:/entry.sh"]}}\n',
      ...{
        "image/Dockerfile": "",
        "init/1.sql": "",
        "init/sub/2.sh": "",
        "first.sh": "",
        "second.sh": "",
        "third.sh": "",
        "pg.conf": "",
        "hba.conf": "",
        "db.env": "",
      },
      ...{
        "more.env": "",
        "cache/My.Dockerfile": "",
        "store.sh": "",
        "web.sh": "",
        "key.txt": "",
        "../outside.sh": "",
      },
      "base/entry.sh": "",
    },
    "db",
  );
  expect(found).toEqual(
    [
      ...["image/Dockerfile", "init", "first.sh", "second.sh", "third.sh", "pg.conf", "hba.conf", "db.env", "more.env"],
      ...["cache/My.Dockerfile", "store.sh", "key.txt", "base/entry.sh"],
    ].sort(),
  );
});

test("what a Dockerfile copies is part of what is built, also of a service whose network is shared", async () => {
  const found = await inputsOf(
    {
      "compose.yml": `services: {db: {build: ./db, network_mode: "service:vpn"}, vpn: {build: {context: vpn, dockerfile: ../V, additional_contexts: {conf: ./conf}}}, web: {build: web}}`,
      "db/Dockerfile": "FROM postgres:17\nCOPY init.sql missing.sql /docker-entrypoint-initdb.d/\n",
      ...{ "db/init.sql": "", "db/README": "", V: "FROM x\nCOPY run.sh /\n", "vpn/run.sh": "", "conf/a": "" },
      ...{ "web/Dockerfile": "COPY . .\n" },
    },
    "db",
  );
  expect(found).toEqual(["V", "conf", "db/Dockerfile", "db/init.sql", "vpn/run.sh"]);
});

test("variables anywhere in a path have the values that compose gives them", async () => {
  const text = `
include: ["\${PART}.yml"]
services:
  db:
    build: {context: "./\${DIR}/db", dockerfile: "\${ENV}.Dockerfile"}
    volumes: ["./init-\${ENV}/x.sql:/docker-entrypoint-initdb.d/x.sql", "\${DIR}/y.sql:/y.sql"]
    env_file: "$ENV.env"
`;
  const files = {
    ...{ "compose.yml": text, "more.yml": `services: {db: {volumes: ["./z-\${ENV}.sql:/z"]}}` },
    ...{
      "docker/db/dev.Dockerfile": "FROM x\nCOPY a.sql /\n",
      "docker/db/a.sql": "",
      "init-dev/x.sql": "",
      "dev.env": "",
    },
    ...{ "z-dev.sql": "", "init-prod/x.sql": "", "docker/y.sql": "" },
  };
  const found = await inputsOf(files, "db", { DIR: "./docker", ENV: "dev", PART: "more" });
  expect(found).toEqual(
    ["docker/db/dev.Dockerfile", "docker/db/a.sql", "init-dev/x.sql", "docker/y.sql", "dev.env", "z-dev.sql"].sort(),
  );
});

test("an included part begins in the folder that is named for it; several files say parts of one build; a volume may be a folder", async () => {
  const text = `
include:
  - {path: [parts/db.yml, more/db.yml], project_directory: "\${WHERE:-base}"}
  - {path: [first/x.yml, second/x.yml]}
services: {db: {build: {dockerfile: Other}, extends: {file: wide/db.yml, service: basis}}}
volumes: {init: {driver_opts: {type: none, o: bind, device: ./seed}}}
---
services: {db: {volumes: ["./second.sql:/docker-entrypoint-initdb.d/2.sql"]}}
`;
  const found = await inputsOf(
    {
      "compose.yml": text,
      "parts/db.yml": `services: {db: {volumes: ["./a.sql:/a"]}}\n`,
      ...{ "more/db.yml": "", "first/x.yml": "", "second/x.yml": `services: {db: {env_file: x.env}}\n` },
      "wide/db.yml": "services: {basis: {build: {context: ./image}}}\n",
      ...{ "base/a.sql": "", "first/x.env": "", "wide/image/Other": "FROM x\nCOPY o.sql /\n", "wide/image/o.sql": "" },
      ...{ "seed/1.sql": "", "second.sql": "" },
    },
    "db",
  );
  const expected = ["base/a.sql", "first/x.env", "wide/image/Other", "wide/image/o.sql", "seed", "second.sql"];
  expect(found).toEqual(expected.sort());
});

test("what compose refuses holds nothing", async () => {
  expect(await inputsOf({ "compose.yml": "services: [db" }, "db")).toEqual([]);
  await mkdir(join(folder, "empty"));
  expect(await listComposeInputs([], "db", folder)).toEqual([]);
});
