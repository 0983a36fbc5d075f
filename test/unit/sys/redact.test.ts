import { expect, test } from "bun:test";
import { passwordsIn, redact } from "../../../src/sys/redact.ts";

test.each([
  ["postgres://u:hunter2@h/db", "postgres://u:***@h/db"],
  ["at postgresql://u:hunter2@h:5432/db?x=1, then", "at postgresql://u:***@h:5432/db?x=1, then"],
  ["postgres://u:p@ss:w@rd@h/db", "postgres://u:***@h/db"],
  ["postgres://:hunter2@h", "postgres://:***@h"],
  ["postgres://u:a/b?c#d@h/db", "postgres://u:***@h/db"],
  ['{"url":"postgres://u:hunter2@h/db","mail":"a@b"}', '{"url":"postgres://u:***@h/db","mail":"a@b"}'],
  ["two: a://x:1@h b://y:2@h", "two: a://x:***@h b://y:***@h"],
  ["postgres://u@h/db and mail@example.org", "postgres://u@h/db and mail@example.org"],
  ["host=h password=hunter2 user=u", "host=h password=*** user=u"],
  ["password = 'hun\\'ter 2' user=u", "password = *** user=u"],
  ["PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql"],
  ["POSTGRES_PASSWORD=hunter2", "POSTGRES_PASSWORD=***"],
  ["postgres://h/db?user=u&password=hunter2&sslmode=require", "postgres://h/db?user=u&password=***&sslmode=require"],
  ["postgres://h/db?user=u&p%61ssword=hunter2&x=1", "postgres://h/db?user=u&p%61ssword=***&x=1"],
  ["jdbc:postgresql://h/db?user=u&password=hunter2", "jdbc:postgresql://h/db?user=u&password=***"],
  ["jdbc:postgresql://u:hunter2@h/db", "jdbc:postgresql://u:***@h/db"],
  ["postgres://u@h/db?sslpassword=hun%20ter2&sslmode=require", "postgres://u@h/db?sslpassword=***&sslmode=require"],
  ['{"url":"postgres://h/db?password=hunter2","mail":"a@b"}', '{"url":"postgres://h/db?password=***","mail":"a@b"}'],
  ['postgres://h/db?password=hun"ter2', "postgres://h/db?password=***"],
  ["password=hun\\ ter2 user=u", "password=*** user=u"],
  ["alter role u password 'hun''ter2' nologin", "alter role u password '***' nologin"],
  ["ALTER ROLE u PASSWORD E'hun\\'ter2'", "ALTER ROLE u PASSWORD '***'"],
  ["postgres//u:hunter2@h/d", "postgres//u:***@h/d"],
  ["postgres:/u:hunter2@h/d", "postgres:/u:***@h/d"],
  ["postgres://h/d?passwrod=hunter2", "postgres://h/d?passwrod=***"],
  ["prisma+postgres://h/?api_key=hunter2&x=1", "prisma+postgres://h/?api_key=***&x=1"],
  ["https://h/x?X-Amz-Signature=hunter2&X-Amz-Expires=9", "https://h/x?X-Amz-Signature=***&X-Amz-Expires=9"],
  ["ghcr.io/owner/image:17@sha256:abc", "ghcr.io/owner/image:17@sha256:abc"],
  ["no worktree is called u:hunter2@h/db", "no worktree is called u:***@h/db"],
  ["no worktree is called u:hunter2@h.example:5432/db", "no worktree is called u:***@h.example:5432/db"],
  ["git@example.org:a/b at 12:30", "git@example.org:a/b at 12:30"],
  ["nothing of the kind: 5432", "nothing of the kind: 5432"],
])("%p", (text, redacted) => expect(redact(text)).toBe(redacted));

test("given secrets are hidden wherever they stand, the longest first", () => {
  expect(redact("xhunter2y hunter2", ["hunter2"])).toBe("x***y ***");
  expect(redact("abcdef abc", ["abc", "abcdef"])).toBe("*** ***");
  expect(redact("a.c $&$ abc", ["a.c", "$&$"])).toBe("*** *** abc");
  expect(redact("unchanged", [""])).toBe("unchanged");
});

test.each([
  ["the index exists: next try", "x", "the index exists: next try"],
  ["column x of public.x does not exist (x = 1)", "x", "column x of public.x does not exist (x = 1)"],
  ["x", "x", "***"],
  ["at postgres://u:x@h:5432/x", "x", "at postgres://u:***@h:5432/x"],
  ["at u:x@h", "x", "at u:***@h"],
  ["x@h refused it", "x", "***@h refused it"],
  ["max@h refused it", "x", "max@h refused it"],
  ["PGUSER=x PGHOST=xyz", "x", "PGUSER=*** PGHOST=xyz"],
  ['{"secret":"x","name":"xs"}', "x", '{"secret":"***","name":"xs"}'],
  ["it was: 'pw', or pw", "pw", "it was: '***', or pw"],
  ["answer=$&;", "$&", "answer=***;"],
])("of %p a secret as short as %p is hidden only where it is a value", (text, secret, redacted) => {
  expect(redact(text, [secret])).toBe(redacted);
});

test("the passwords of a URL or a connection string are found as written and as meant", () => {
  expect(passwordsIn("postgres://u:p%40ss@h/d?password=a%26b")).toEqual(["p%40ss", "p@ss", "a%26b", "a&b"]);
  expect(passwordsIn("host=h password='it\\'s'")).toEqual(["it\\'s", "it's"]);
  expect(passwordsIn("postgres://u@h/d")).toEqual([]);
});
