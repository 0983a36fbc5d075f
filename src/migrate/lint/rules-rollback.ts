/**
 * Rules for those who want to go back to the program's last release without touching the database: what that release
 * may not expect. They are off until the configuration gives them a level.
 */
import type { AlterTableType, ObjectType } from "libpg-query";
import { addedConstraints, commandsOf, findPart, keyOfRelation, partsOf } from "../../sql/nodes.ts";
import type { Node } from "../../sql/parser.ts";
import type { ChangeFacts } from "./facts.ts";
import type { Rule } from "./rule.ts";

type Test = (node: Node, facts: ChangeFacts) => boolean;

/** An ALTER TABLE with one of these parts, on a table that is not new. */
function alters(...subtypes: AlterTableType[]): Test {
  return (node, facts) =>
    commandsOf(node).some(
      ({ table, command }) =>
        command.subtype !== undefined && subtypes.includes(command.subtype) && !facts.isNewTable(table),
    );
}

/** ALTER TABLE's sisters: of types, views. */
function altersOther(objtype: ObjectType, ...subtypes: AlterTableType[]): Test {
  return (node) => {
    const alter = findPart(node, "AlterTableStmt");
    if (alter?.objtype !== objtype) return false;
    return partsOf(alter.cmds, "AlterTableCmd").some(
      ({ subtype }) => subtype !== undefined && subtypes.includes(subtype),
    );
  };
}

function drops(...types: ObjectType[]): Test {
  return (node) => {
    const type = findPart(node, "DropStmt")?.removeType;
    return type !== undefined && types.includes(type);
  };
}

function setsDefault(wanted: boolean): Test {
  return (node, facts) =>
    commandsOf(node).some(
      ({ table, command }) =>
        command.subtype === "AT_ColumnDefault" && (command.def !== undefined) === wanted && !facts.isNewTable(table),
    );
}

const restrictsWrites: Test = (node, facts) => {
  const index = findPart(node, "IndexStmt");
  if (index?.unique && !facts.isNewTable(index.relation)) return true;
  return addedConstraints(node).some(({ table }) => !facts.isNewTable(table));
};

const RENAMED_ELSEWHERE: ReadonlySet<string | undefined> = new Set(["OBJECT_TABLE", "OBJECT_COLUMN", "OBJECT_SCHEMA"]);

const renamesOther: Test = (node, facts) => {
  const rename = findPart(node, "RenameStmt");
  if (rename === undefined || RENAMED_ELSEWHERE.has(rename.renameType)) return false;
  return rename.relation === undefined || !facts.isNewTableKey(keyOfRelation(rename.relation));
};

/** A rule's name, what it finds, and how it knows. */
const TABLE: readonly (readonly [string, string, Test])[] = [
  ["ban-add-column", "a new column", alters("AT_AddColumn")],
  ["ban-add-composite-attribute", "a new attribute of a composite type", altersOther("OBJECT_TYPE", "AT_AddColumn")],
  ["ban-add-enum-value", "a new value of an enum", (node) => isNewEnumValue(node)],
  [
    "ban-alter-database-options",
    "changed settings of a database",
    (node) => findPart(node, "AlterDatabaseStmt") !== undefined || findPart(node, "AlterDatabaseSetStmt") !== undefined,
  ],
  ["ban-alter-extension", "a changed extension", (node) => findPart(node, "AlterExtensionStmt") !== undefined],
  [
    "ban-alter-function-options",
    "changed options of a function",
    (node) => findPart(node, "AlterFunctionStmt") !== undefined,
  ],
  ["ban-alter-generated-expression", "a changed expression of a generated column", alters("AT_SetExpression")],
  ["ban-alter-identity", "a changed identity column", alters("AT_SetIdentity", "AT_AddIdentity", "AT_DropIdentity")],
  ["ban-alter-policy-condition", "a changed condition of a policy", (node) => changesPolicy(node, "condition")],
  ["ban-alter-policy-roles", "changed roles of a policy", (node) => changesPolicy(node, "roles")],
  [
    "ban-alter-role-options",
    "changed options of a role",
    (node) => findPart(node, "AlterRoleStmt") !== undefined || findPart(node, "AlterRoleSetStmt") !== undefined,
  ],
  [
    "ban-alter-row-level-security",
    "row level security switched on or off",
    alters("AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_ForceRowSecurity", "AT_NoForceRowSecurity"),
  ],
  ["ban-alter-sequence-values", "a changed sequence", (node) => findPart(node, "AlterSeqStmt") !== undefined],
  [
    "ban-alter-system-options",
    "a changed setting of the server",
    (node) => findPart(node, "AlterSystemStmt") !== undefined,
  ],
  [
    "ban-alter-view-options",
    "changed options of a view",
    altersOther("OBJECT_VIEW", "AT_SetRelOptions", "AT_ResetRelOptions"),
  ],
  ["ban-create-policy", "a new policy", (node) => findPart(node, "CreatePolicyStmt") !== undefined],
  ["ban-detach-inheritance", "a table that no longer inherits", alters("AT_DropInherit")],
  [
    "ban-disable-trigger",
    "a trigger switched off",
    alters("AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser"),
  ],
  ["ban-drop-constraint", "a dropped constraint", alters("AT_DropConstraint")],
  ["ban-drop-default", "a dropped default", setsDefault(false)],
  ["ban-drop-domain", "a dropped domain", drops("OBJECT_DOMAIN")],
  ["ban-drop-extension", "a dropped extension", drops("OBJECT_EXTENSION")],
  [
    "ban-drop-function",
    "a dropped function",
    drops("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"),
  ],
  ["ban-drop-generated-expression", "a generated column that becomes a plain one", alters("AT_DropExpression")],
  ["ban-drop-index", "a dropped index", drops("OBJECT_INDEX")],
  ["ban-drop-policy", "a dropped policy", drops("OBJECT_POLICY")],
  ["ban-drop-sequence", "a dropped sequence", drops("OBJECT_SEQUENCE")],
  ["ban-drop-trigger", "a dropped trigger", drops("OBJECT_TRIGGER", "OBJECT_EVENT_TRIGGER")],
  ["ban-drop-type", "a dropped type", drops("OBJECT_TYPE")],
  ["ban-drop-view", "a dropped view", drops("OBJECT_VIEW")],
  ["ban-new-write-restriction", "a new constraint or unique index on rows that others write", restrictsWrites],
  [
    "ban-replace-view-function",
    "a replaced view or function",
    (node) => (findPart(node, "ViewStmt") ?? findPart(node, "CreateFunctionStmt"))?.replace === true,
  ],
  ["ban-replica-identity", "a changed replica identity", alters("AT_ReplicaIdentity")],
  ["ban-revoke", "a privilege or a role taken away", (node) => takesPrivilege(node)],
  ["ban-set-default", "a changed default", setsDefault(true)],
  [
    "ban-set-schema",
    "an object moved to another schema",
    (node) => findPart(node, "AlterObjectSchemaStmt") !== undefined,
  ],
  ["renaming-object", "an object's new name, other than a table's, column's or schema's", renamesOther],
];

function isNewEnumValue(node: Node): boolean {
  const alter = findPart(node, "AlterEnumStmt");
  return alter?.newVal !== undefined && alter.oldVal === undefined;
}

function changesPolicy(node: Node, part: "condition" | "roles"): boolean {
  const policy = findPart(node, "AlterPolicyStmt");
  if (part === "roles") return policy?.roles !== undefined;
  return policy?.qual !== undefined || policy?.with_check !== undefined;
}

function takesPrivilege(node: Node): boolean {
  const grant = findPart(node, "GrantStmt") ?? findPart(node, "GrantRoleStmt");
  return grant !== undefined && grant.is_grant !== true;
}

export const ROLLBACK_RULES: readonly Rule[] = TABLE.map(([name, what, test]) => ({
  name,
  level: "off",
  about: what,
  *check(node, { facts }) {
    if (test(node, facts)) yield { message: `${what}: the program's last release may not expect it` };
  },
}));
