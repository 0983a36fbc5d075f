import { expect, test } from "bun:test";
import { computeVerifier } from "../../../src/postgres/role.ts";

test("a password is kept as PostgreSQL keeps it (the password and salt of RFC 7677)", () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  expect(computeVerifier("pencil", salt)).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
  expect(computeVerifier("pencil")).not.toBe(computeVerifier("pencil"));
});

test("a password that would have to be normalized is refused", () => {
  for (const password of ["", "größe", "tab\t"]) expect(() => computeVerifier(password)).toThrow("ASCII");
});
