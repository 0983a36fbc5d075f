/** `dumps:` in pgrove.yaml. */
import * as v from "valibot";
import { afterSuccess } from "./schema-after-success.ts";
import { encrypt, identityFile } from "./schema-encrypt.ts";
import { dumpsKeepRule } from "./schema-keep.ts";
import { text } from "./schema-parts.ts";
import { remote } from "./schema-remote.ts";

export const dumps = v.pipe(
  v.strictObject({
    dir: v.optional(
      text("The dump store; ~ and {project} are put in. BACKUP_DIR. Default: $XDG_DATA_HOME/pgrove/dumps/{project}."),
    ),
    prove: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          "Whether each dump records the contents of every table, for `dumps verify --deep`; else of those up to 8 MiB.",
        ),
      ),
      false,
    ),
    key_file: v.optional(
      text("A key that several people share, outside of the repository: dumps signed with it count as one's own."),
    ),
    encrypt: v.optional(encrypt),
    identity_file: v.optional(identityFile),
    keep: v.optional(
      dumpsKeepRule(
        "What `dumps prune` keeps of each database, as restic's forget does; left out, last 3, daily 7, weekly 4, monthly 12.",
      ),
    ),
    remote: v.optional(remote),
    after_success: v.optional(afterSuccess),
  }),
  v.description("Where dumps are kept, and for how long."),
);
