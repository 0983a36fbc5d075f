/** What says for whom dumps are encrypted, and what lies beside them. */
import * as v from "valibot";
import { text } from "./schema-parts.ts";

/** `dumps.identity_file`. */
export const identityFile = text(
  "A file of secret keys of age that open encrypted dumps, outside of the repository. PGROVE_AGE_IDENTITY.",
);

/** `dumps.prove`. */
export const prove = v.pipe(
  v.boolean(),
  v.description(
    "Whether each dump records the contents of every table, for `dumps verify --deep`; else of those up to 8 MiB.",
  ),
);

/** `dumps.globals`. */
export const globals = v.pipe(
  v.boolean(),
  v.description("Whether the server's roles are written beside each dump, without their passwords."),
);

const recipient = v.pipe(
  v.string(),
  v.regex(
    /^age1[a-z0-9]+$/,
    "is not a public key of age (age1…): age-keygen makes one; keys of ssh and of plugins are not known here",
  ),
  v.description("A public key of age."),
);

/** `dumps.encrypt`: public keys, or a passphrase. */
export const encrypt = v.pipe(
  v.strictObject({
    recipients: v.optional(
      v.pipe(
        v.array(recipient),
        v.minLength(1, "must name at least one public key"),
        v.description(
          "The public keys (age1…) for which dumps are encrypted: whoever has one of the secret keys can read them.",
        ),
      ),
    ),
    recipients_file: v.optional(text("A file of such public keys, one a line.")),
    passphrase_file: v.optional(
      text("A file of the passphrase that dumps are encrypted with instead, outside of the repository."),
    ),
    names: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          "Whether manifests name the tables all the same; else only who can read the dump sees the names.",
        ),
      ),
      false,
    ),
  }),
  v.description("For whom dumps are encrypted, in the format of age."),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { recipients, recipients_file, passphrase_file } = dataset.value;
    const hasKeys = recipients !== undefined || recipients_file !== undefined;
    if (!hasKeys && passphrase_file === undefined) addIssue({ message: "encrypts for nobody: give it recipients" });
    if (hasKeys && passphrase_file !== undefined)
      addIssue({ message: "has both public keys and a passphrase, which age does not allow: choose one" });
  }),
);
