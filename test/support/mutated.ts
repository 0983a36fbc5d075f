/** Inputs that were right once: changed a little, as accidents and strangers do. */
import fc from "fast-check";

type Edit = (bytes: readonly number[]) => readonly number[];

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, byte).map(
    ([at, to]): Edit =>
      (bytes) =>
        bytes.with(Math.floor(at * bytes.length), to),
  ),
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Edit =>
      (bytes) => {
        const index = Math.floor(at * bytes.length);
        return bytes.with(index, (bytes[index] ?? 0) ^ (1 << bit));
      },
  ),
  fc.tuple(place, fc.array(byte, { maxLength: 9 })).map(
    ([at, more]): Edit =>
      (bytes) => {
        return bytes.toSpliced(Math.floor(at * bytes.length), 0, ...more);
      },
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(
    ([at, count]): Edit =>
      (bytes) => {
        return bytes.toSpliced(Math.floor(at * bytes.length), count);
      },
  ),
  place.map(
    (at): Edit =>
      (bytes) =>
        bytes.slice(0, Math.floor(at * bytes.length)),
  ),
);

/** The bytes with one to four edits: bytes set, bits turned, bytes put in, taken out, or the end cut off. */
export function mutatedBytes(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      Uint8Array.from(
        edits.reduce<readonly number[]>((bytes, one) => (bytes.length === 0 ? bytes : one(bytes)), [...original]),
      ),
    );
}

type Path = readonly (string | number)[];

/** The JSON value with one to three of its parts taken out or made another value of any kind. */
export function mutatedJson(original: unknown): fc.Arbitrary<unknown> {
  const paths = listPaths(original);
  const change = fc.tuple(fc.constantFrom(...paths), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined)));
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const root = { value: structuredClone(original) };
    for (const [path, to] of changes) put(root, ["value", ...path], to);
    return root.value;
  });
}

/** The same as text, or the text with some of its bytes changed. */
export function mutatedJsonText(original: unknown): fc.Arbitrary<string> {
  const text = JSON.stringify(original);
  return fc.oneof(
    mutatedJson(original).map((value) => JSON.stringify(value) ?? ""),
    mutatedBytes(new TextEncoder().encode(text)).map((bytes) => new TextDecoder().decode(bytes)),
  );
}

function listPaths(value: unknown): Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, part]) => listPaths(part).map((rest) => [key, ...rest]))];
}

/** Where the way there is gone already, nothing is done. */
function put(root: object, path: Path, to: unknown): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (isObject(at) ? Reflect.get(at, key) : undefined), root);
  const key = path.at(-1);
  if (!isObject(parent) || key === undefined) return;
  if (to === undefined) Reflect.deleteProperty(parent, key);
  else Reflect.set(parent, key, to);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
