/** What the env files of worktrees are given. */
import * as v from "valibot";
import { text } from "./schema-parts.ts";

const envFile = v.pipe(
  v.strictObject({
    file: v.optional(text("The env file written in each worktree, only inside a marked block."), ".env"),
    template: v.optional(
      text(
        "A file of the repository's that the block is made of: {url} and others are put in, the rest is as it stands.",
      ),
    ),
    set: v.optional(
      v.pipe(
        v.record(
          v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a variable name")),
          v.pipe(v.string(), v.description("The value; {url}, {port.web}, {database} and others are put in.")),
        ),
        v.description('The variables to write; left out, and without a template, DATABASE_URL: "{url}".'),
      ),
    ),
  }),
  v.description("What each worktree's env file is given."),
  v.transform(({ set, ...written }) => ({
    ...written,
    set: set ?? (written.template === undefined ? { DATABASE_URL: "{url}" } : {}),
  })),
);

/** Of several the first is the one that `${…}` of this file is looked up in. */
export const env = v.pipe(
  v.union([
    v.pipe(v.array(envFile), v.description("Several env files, as the packages of a repository have them.")),
    envFile,
  ]),
  v.description("What each worktree's env file, or files, are given."),
  v.rawCheck(({ dataset, addIssue }) => {
    if (Array.isArray(dataset.value) && dataset.value.length === 0) addIssue({ message: "must name an env file" });
  }),
  v.transform((written) => {
    if (!Array.isArray(written)) return { ...written, others: undefined };
    const [first = { file: ".env", set: {}, template: undefined }, ...others] = written;
    return { ...first, others };
  }),
);
