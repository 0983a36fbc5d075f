/** drizzle-seed's side of the seeding benchmark. usage: bun run bench/drizzle-seed.ts URL ROWS TEAMS */
import { integer, pgEnum, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { seed } from "drizzle-seed";
import postgres from "postgres";

const [url = "", rows = "0", teamCount = "0"] = process.argv.slice(2);
const level = pgEnum("level", ["free", "pro", "team"]);
const teams = pgTable("teams", { id: integer("id").primaryKey(), name: text("name").notNull() });
const people = pgTable("people", {
  id: uuid("id").primaryKey(),
  email: text("email").notNull(),
  name: text("name").notNull(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull(),
  level: level("level").notNull(),
  teamId: integer("team_id")
    .notNull()
    .references(() => teams.id),
});

const sql = postgres(url, { max: 4, onnotice: () => {} });
await seed(drizzle(sql), { teams, people }, { seed: 42 }).refine((make) => ({
  teams: { count: Number(teamCount), columns: { id: make.intPrimaryKey(), name: make.companyName() } },
  people: {
    count: Number(rows),
    columns: { id: make.uuid(), email: make.email(), name: make.fullName(), createdAt: make.timestamp() },
  },
}));
await sql.end();
