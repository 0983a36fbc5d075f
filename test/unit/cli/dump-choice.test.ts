import { expect, test } from "bun:test";
import { requireFileName } from "../../../src/cli/dump-choice.ts";

test.each([
  "s3://bucket/x.dump",
  "https://u:secret@h/x",
  "file:///x",
  "s3:x.dump",
  "ssh:host:x",
  "jdbc:postgresql://h/d?password=secret",
  "postgres:/u:secret@h/d",
  "host=h password=secret",
])("%s is no file to write a dump to, and shows no secret", (output) => {
  expect(() => requireFileName(output)).toThrow("-o names a file on this machine");
  expect(() => requireFileName(output)).not.toThrow("secret");
});

test.each(["x.dump", "./s3://x", "C:x.dump", "a:b", "~/x", "/s3:/x"])("%s is one", (output) => {
  expect(() => requireFileName(output)).not.toThrow();
});
