/** `dumps.remote` in pgrove.yaml: where dumps are kept a second time. */
import * as v from "valibot";
import { keysOf, ONE_OF_ITS_KEYS, text } from "./schema-parts.ts";

export const REMOTE_KINDS = ["s3", "dir", "ssh"] as const;
export type RemoteKind = (typeof REMOTE_KINDS)[number];

const endpoint = v.pipe(
  v.string(),
  v.regex(
    /^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/,
    "must be the URL of a server, such as https://s3.example.com, without a login in it or a question behind it",
  ),
  v.description(
    "The server, such as https://s3.example.com, also with a path as https://example.com/storage/s3; left out, Amazon's of the region.",
  ),
);

const s3 = v.pipe(
  v.strictObject({
    endpoint: v.optional(endpoint),
    region: v.optional(text("The region; left out, AWS_REGION, else us-east-1.")),
    bucket: v.pipe(
      v.string(),
      v.regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,62}$/, "is not a bucket's name"),
      v.description("The bucket, which is there already."),
    ),
    prefix: v.optional(text("What the names in the bucket begin with, such as backups/pgrove.")),
  }),
  v.description(
    "An S3 bucket. The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from AWS's own credentials file.",
  ),
);

const ssh = v.pipe(
  v.string(),
  v.regex(/^[^\s:/-][^\s:/]*:(?!\/\/).+$/, "must be host:path, such as backup.example.com:pgrove"),
  v.description("A folder on another machine, as host:path. The login is your own ssh's."),
);

/** Each kind at most once: its name is the remote's. */
export const remote = v.pipe(
  v.strictObject({
    s3: v.optional(s3),
    dir: v.optional(text("A folder of this machine that is there already, such as a mounted disk: /mnt/backup.")),
    ssh: v.optional(ssh),
  }),
  v.description(
    "Where `dumps push` and `dump --push` keep dumps a second time: an S3 bucket, a folder, another machine.",
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (keysOf(dataset.value).length === 0) {
      addIssue({ expected: ONE_OF_ITS_KEYS, message: `needs one of ${REMOTE_KINDS.join(", ")}` });
    }
  }),
);

export type RemoteConfig = v.InferOutput<typeof remote>;
