/** A schema of many tables, as grown applications have them: keys, foreign keys, unique keys, checks, defaults. */

/** Each module has a root, what belongs to it, lines of that, a link between two of them, and settings. */
const KINDS = ["accounts", "orders", "lines", "links", "settings"];

/** The SQL of so many modules, and their tables' names; each one's root refers to the one's before. */
export function manyTables(modules: number): { sql: string; names: string[] } {
  const numbers = Array.from({ length: modules }, (_, at) => at);
  const names = numbers.flatMap((at) => KINDS.map((kind) => `m${at}_${kind}`));
  return { sql: numbers.map(moduleSql).join("\n"), names };
}

function moduleSql(at: number): string {
  const before = at === 0 ? "" : `, parent_id bigint not null references m${at - 1}_accounts`;
  return `
  create table m${at}_accounts (
    id bigint generated always as identity primary key, email text not null unique check (email ~ '^[^@ ]+@[^@ ]+$'),
    name varchar(80) not null, state text not null default 'new' check (state in ('new', 'active', 'closed')),
    closed_at timestamptz, created_at timestamptz not null default now()${before},
    check ((state = 'closed') = (closed_at is not null)));
  create table m${at}_orders (
    id bigserial primary key, account_id bigint not null references m${at}_accounts, number text not null unique check (number ~ '^[A-Z]{2}[0-9]{6}$'),
    ordered_on date not null, due_on date not null check (due_on >= ordered_on), net numeric(12, 2) not null check (net >= 0),
    vat numeric(12, 2) not null, gross numeric(12, 2) not null check (gross = net + vat));
  create index on m${at}_orders (account_id, ordered_on);
  create table m${at}_lines (
    order_id bigint not null references m${at}_orders on delete cascade, position smallint not null check (position between 1 and 500),
    title text not null check (length(title) <= 120), quantity int not null check (quantity > 0), unit_price numeric(10, 2) not null,
    total numeric(14, 2) generated always as (quantity * unit_price) stored, note text, primary key (order_id, position));
  create table m${at}_links (
    from_id bigint not null references m${at}_accounts, to_id bigint not null references m${at}_accounts,
    kind text not null check (kind in ('a', 'b')), primary key (from_id, to_id), check (from_id <> to_id));
  create table m${at}_settings (
    id serial primary key, account_id bigint references m${at}_accounts, order_id bigint references m${at}_orders, key varchar(40) not null,
    value jsonb not null default '{}' check (jsonb_typeof(value) = 'object'), valid_from timestamptz not null, valid_to timestamptz,
    check (num_nonnulls(account_id, order_id) = 1), check (valid_to > valid_from), unique (account_id, key));`;
}
