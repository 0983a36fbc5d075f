/** Files that are nearly migrations: named by every command that looks at the folder, before anything runs. The compiled program. */
import { beforeAll, expect, test } from "bun:test";
import { sharedServer, type TestServer } from "../../support/engine/server.ts";
import { Stage, tableFiles } from "../../support/migrate/stage.ts";
import { patiently } from "../../support/patience.ts";

const TIMEOUT_MS = patiently(180_000);

let server: TestServer;
beforeAll(async () => {
  server = await sharedServer(17);
});

const NEARLY = ["0002_b.up.pgsql", "0003_c.up.sql.gz", "0004_d.UP.SQL", "V5__e.sql", "0006-f.up.sql", "0007_g.rb"];
const BESIDE = ["README.md", "atlas.sum", ".gitkeep", "0001_a.up.sql~", ".0001_a.up.sql.swp"];

test.concurrent(
  "status, up, check and lint name it, and nothing is run; what lies beside the migrations is in nobody's way",
  async () => {
    await using stage = await Stage.create(server, tableFiles("0001_a"));
    await stage.write(Object.fromEntries(BESIDE.map((name) => [`migrations/${name}`, "select 1;\n"])));
    for (const name of NEARLY) {
      await stage.write({ [`migrations/${name}`]: "create table b (id int);\n" });
      const path = `migrations/${name}`;
      expect(await stage.fails(3, "up")).toContain(path);
      const status = await stage.json("status");
      expect(status).toMatchObject({ up_to_date: false, findings: [{ rule: "wrong_name", file: path }] });
      for (const line of ["check --no-server --json", "lint --all --json"]) {
        const { code, stdout } = await stage.run(line);
        const findings = [{ rule: "wrong_name", file: path, hint: expect.stringMatching(/\w/) }];
        expect([line, code, JSON.parse(stdout)]).toMatchObject([line, 6, { findings }]);
      }
      expect([name, await stage.tables()]).toEqual([name, []]);
      await stage.remove(path);
    }
    await stage.ok("up");
    expect(await stage.json("status")).toMatchObject({ up_to_date: true, findings: [] });
    expect(await stage.tables()).toEqual(["a"]);
  },
  TIMEOUT_MS,
);
