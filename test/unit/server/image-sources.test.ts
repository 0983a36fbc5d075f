import { expect, test } from "bun:test";
import { listImageSources } from "../../../src/server/image-sources.ts";

test("the sources of COPY, ADD and bind mounts, however they are written", () => {
  const text = String.raw`FROM postgres:17 AS base
# COPY not.this /
copy a.sql \
  # a comment between
  "b.sql" /docker-entrypoint-initdb.d/
COPY --chown=postgres:postgres --chmod=755 ["c d.sh", "/x/"]
ADD https://example.test/x.tar ./e.tar /
ADD --checksum=sha256:aa git@example.test:f /
COPY --from=build /out /out
COPY <<EOF /inline.sql
ONBUILD COPY later.sh /
RUN --mount=type=bind,source=scripts,target=/s --mount=type=cache,target=/c sh /s/x.sh
RUN --mount=type=bind,from=base,source=/etc,target=/e true
COPY conf.d/*.conf /etc/
COPY dir/$NAME/x /x
COPY /rooted ./deep/../up /y
`;
  expect(listImageSources(text)).toEqual([
    ...[
      "a.sql",
      "b.sql",
      "c d.sh",
      "e.tar",
      "git@example.test:f",
      "later.sh",
      "scripts",
      "conf.d",
      "dir",
      "rooted",
      "up",
    ],
  ]);
});

test("all of the context where it cannot be told", () => {
  expect(listImageSources("FROM x\nCOPY . /app\n")).toEqual(["."]);
  expect(listImageSources("FROM x\nCOPY $WHAT /app\n")).toEqual(["."]);
  expect(listImageSources("FROM x\nCOPY a/$WHAT/../b /app\n")).toEqual(["."]);
  expect(listImageSources("FROM x\nRUN --mount=target=/src make\n")).toEqual(["."]);
  expect(listImageSources("# syntax=example.test/frontend\nFROM x\n")).toEqual(["."]);
  expect(listImageSources("FROM postgres:17\nRUN true\n")).toEqual([]);
});
