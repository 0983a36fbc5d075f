/** SQL on its way to psql, in which others take the place of roles: what was given to them is given to those. */
import { failure } from "../errors.ts";
import { SqlLexer } from "../sql/lexer.ts";
import type { Place } from "../sql/listener.ts";
import { HeldBytes } from "./held-bytes.ts";
import { findRoleNames, mayNameRoles, type RoleMap, writeRole } from "./role-names.ts";
import { wantOf } from "./wants.ts";

interface Edit extends Place {
  text: string;
}

/**
 * The SQL with those names of roles replaced, all at once, in the statements that say who owns something or may use it;
 * rows, strings, bodies and comments stay byte for byte. Throws (exit 1) at a statement that names one of them in a way that is not read exactly.
 */
export async function* mapRoles(source: AsyncIterable<Uint8Array>, roles: RoleMap): AsyncGenerator<Uint8Array> {
  const held = new HeldBytes();
  let edits: Edit[] = [];
  const none = () => undefined;
  const lexer = new SqlLexer({
    ...{ comment: none, command: none, unclear: none }, // the scan has refused what is unclear
    statement: (text, place) => {
      if (mayNameRoles(text)) edits.push(...editsOf(text, place, held.at(place), roles));
    },
  });
  let passed = 0;
  const pass = (bytes: Buffer) => {
    const changed = replaceParts(bytes, edits, passed); // of statements that have ended: all of them are in front
    passed += bytes.length;
    edits = [];
    return changed;
  };
  for await (const chunk of source) {
    held.add(new Uint8Array(chunk));
    lexer.add(chunk);
    const ready = held.release(lexer.settled);
    if (ready.length > 0) yield pass(ready);
  }
  lexer.finish();
  yield pass(held.rest);
}

function editsOf(text: string, { start }: Place, bytes: Buffer | undefined, roles: RoleMap): Edit[] {
  if (bytes === undefined) throw unclear(text, "it is too long to be read");
  const named = findRoleNames(bytes);
  const wanted = wantOf(text, () => bytes.toString("utf8"))?.roles ?? [];
  const missed = wanted.find((role) => roles.has(role) && !named.some((each) => each.role === role));
  if (missed !== undefined) throw unclear(text, `it names ${missed} in a way of its own`);
  return named.flatMap((each) => {
    const other = roles.get(each.role);
    if (other === undefined) return [];
    return [{ start: start + each.start, end: start + each.end, text: writeRole(other, each) }];
  });
}

function unclear(text: string, why: string) {
  return failure(
    "role_unclear",
    `--role-map cannot replace the roles of a statement for certain, since ${why}:\n  ${text.slice(0, 120)}`,
    "restore it without --role-map, or without owners and grants: --no-owner",
  );
}

/** The bytes, which begin at byte `from` of the whole, with other texts in those places. */
function replaceParts(bytes: Buffer, edits: readonly Edit[], from: number): Buffer {
  if (edits.length === 0) return bytes;
  const pieces: Buffer[] = [];
  let done = 0;
  for (const { start, end, text } of edits) {
    pieces.push(bytes.subarray(done, start - from), Buffer.from(text));
    done = end - from;
  }
  return Buffer.concat([...pieces, bytes.subarray(done)]);
}
