import { expect, test } from "bun:test";
import { listDatabases } from "../../../src/unit/marks.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { takingTurns } from "../../support/engine/turns.ts";
import { freshName } from "../../support/faults/sample.ts";
import { connect } from "../../support/faults/world.ts";

test.each(takingTurns([15, 18], import.meta.path))(
  "PostgreSQL %i: databases are listed with sizes while others are dropped",
  async (major) => {
    const server = await sharedServer(major);
    const [busy, sql] = [connect(server), connect(server)];
    const name = freshName("coming_and_going");
    let isOver = false;
    const comeAndGo = async () => {
      while (!isOver) {
        await busy.unsafe(`create database ${name}`);
        await busy.unsafe(`drop database ${name}`);
      }
    };
    const going = comeAndGo();
    try {
      for (let time = 0; time < 60; time++) {
        const listed = await listDatabases(sql, { sizes: true });
        expect(listed.find(({ database }) => database === "postgres")?.sizeBytes).toBeGreaterThan(1_000_000);
      }
    } finally {
      isOver = true;
      await going;
      await Promise.all([busy.end(), sql.end()]);
    }
  },
);
