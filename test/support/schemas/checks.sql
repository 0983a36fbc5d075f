-- The forms of checks that schemas have, one table a kind.
create domain multiple_of_five as int check (value > 0 and value % 5 = 0);
create domain email as text check (value ~* '^[^@\s]+@[^@\s]+\.[^@\s]+$');
create table days (
  id serial primary key, day timestamp not null check (date_trunc('day', day) = day),
  weekday date not null check (extract(dow from weekday) between 1 and 5), iso date not null check (extract(isodow from iso) < 6),
  weekend date not null check (extract(isodow from weekend) in (6, 7)), first date not null check (extract(day from first) = 1),
  month date not null unique check (date_trunc('month', month) = month), week date not null check (date_trunc('week', week) = week),
  quarter timestamp not null check (quarter = date_trunc('quarter', quarter)), past date not null check (past < current_date));
create table multiples (
  id serial primary key, x int not null check (x % 5 = 0), odd int not null check (odd % 2 = 1 and odd > 0),
  z bigint not null unique check (z % 100 = 0), m int not null check (mod(m, 3) = 0), price numeric not null check (price % 0.25 = 0),
  w smallint not null check (w % 7 = 3 and w between 0 and 100), p multiple_of_five not null, q multiple_of_five not null unique);
create table calendars (
  id serial primary key, day date not null check (extract(year from day) >= 2000), decade timestamptz not null check (date_part('year', decade) between 2010 and 2019),
  summer date not null check (extract(month from summer) in (6, 7, 8)), early date not null check (extract(day from early) <= 28),
  office timestamptz not null check (extract(hour from office at time zone 'UTC') between 9 and 17), clock timestamp not null check (clock::time < '18:00'),
  opens time not null check (extract(hour from opens) >= 6), closes time not null check (closes > opens), born date not null check (age(born) >= interval '18 years'),
  built int not null check (built between 1900 and extract(year from now())), starts timestamptz not null, ends timestamptz not null check (ends - starts >= interval '15 minutes'),
  stay daterange not null check (lower(stay) >= '2020-01-01' and upper(stay) - lower(stay) <= 30));
create table addresses (
  id serial primary key, own inet not null unique check (own << '10.0.0.0/8'), home inet not null check (home <<= '192.168.0.0/16'),
  six inet not null check (family(six) = 6), net cidr not null unique check (masklen(net) = 24), around cidr not null check (around >> inet '10.1.2.3'),
  either inet not null check (either << '10.0.0.0/8' or either << '192.168.0.0/16'), written text not null check (written::inet << '10.0.0.0/8'));
create table kept (
  id serial primary key, whole numeric not null check (whole = floor(whole)), share numeric not null check (share <@ '[0,1]'::numrange),
  a int not null, b int not null, check (a * b <= 100), qty int not null, unit numeric(8,2) not null, total numeric(12,2) not null check (total = round(qty * unit, 2)),
  code text not null check (code ~ '^\d+$' and code::int between 1 and 999), word text not null check (regexp_like(word, '^[a-z]+$')), dense text not null check (replace(dense, ' ', '') = dense),
  mail text not null check (split_part(mail, '@', 2) <> ''), filled text check (coalesce(filled, '') <> ''), data jsonb not null check (data @> '{"v": 1}'),
  event jsonb not null check (event ? 'kind' and event ->> 'kind' in ('made', 'sold') and (event ->> 'at') is not null and jsonb_typeof(event -> 'size') = 'number' and (event -> 'size') is not null),
  cents int not null check (cents > 0), off int not null check (off between 0 and 90), reduced int not null check (reduced = cents * (100 - off) / 100), ratio float8 not null check (ratio = ratio));
create table boxes (id serial primary key, b box not null, exclude using gist (b with &&));
create table circles (id serial primary key, c circle not null, exclude using gist (c with &&));
create table bookings (
  id serial primary key, room int not null, during tstzrange not null,
  exclude using gist (int4range(room, room, '[]') with =, during with &&));
create table ranges (
  id serial primary key, r tstzrange not null check (not upper_inf(r)), s int4range not null check (not isempty(s) and lower(s) >= 0),
  n numrange not null check (upper(n) <= 100), d daterange not null check (lower(d) >= '2020-01-01'));
create table bounds (
  id serial primary key, lo int not null, hi int not null, check (greatest(lo, hi) <= 1000), check (least(lo, hi) >= 0),
  a int not null, b int not null, c int not null, check (a < b and b < c), check ((a is null) = (b is null)),
  debit numeric(12,2) not null, credit numeric(12,2) not null, balance numeric(12,2) not null check (balance = debit - credit),
  d interval not null check (d > interval '0' and d <= interval '1 day'));
create table texts (
  id serial primary key, name text not null check (length(trim(name)) > 0), handle text not null unique check (handle = lower(handle)),
  mail email not null unique, title text not null check (initcap(title) = title), code text not null check (position(' ' in code) = 0),
  vat text not null check (substring(vat from 1 for 2) = 'DE'), path text not null check (left(path, 1) = '/'),
  file text not null check (right(file, 4) = '.pdf'), token text not null check (octet_length(token) = 40),
  hash bytea not null check (octet_length(hash) = 32), key text not null check (starts_with(key, 'sk_')));
create table parts (
  id serial primary key, data jsonb not null check (jsonb_typeof(data) = 'object'), tags text[] not null check (array_length(tags, 1) <= 5),
  codes int[] not null check (cardinality(codes) between 1 and 3), a int, b text, check (num_nonnulls(a, b) >= 1), c text, d text,
  check (coalesce(c, d) is not null), qty int not null, unit numeric(8,2) not null,
  total numeric generated always as (qty * unit) stored check (total > 0));
-- What cannot be read is tried, or computed by PostgreSQL.
create function is_known(code text) returns boolean language sql immutable as $$ select code in ('red', 'blue') or length(code) = 9 $$;
create function to_slug(title text) returns text language sql immutable as $$ select lower(replace(title, ' ', '-')) $$;
create type place as (city varchar(5), zip char(3));
create domain short_text as text check (value = btrim(value) and length(value) < 30);
create table unread (
  id serial primary key, flags int not null check (flags & 3 <> 0),
  code text not null check (is_known(code)), title short_text not null, slug text not null check (slug = to_slug(title)), tidy text not null unique check (tidy = to_slug(btrim(tidy))),
  ending date not null check (ending = (date_trunc('month', ending) + interval '1 month' - interval '1 day')::date), spot place not null);
create table apart (
  id serial primary key, starts timestamptz not null, ends timestamptz not null, check (starts::date = ends::date and ends > starts),
  a int not null, b int not null, check (b > a and b < a + 30), due date not null, check (due = (starts at time zone 'UTC')::date + 14),
  qty int not null, unit int not null, total int generated always as (qty * unit) stored check (total between 10 and 1000));
create table bosses (id serial primary key, boss_id int not null references bosses, check (boss_id <> id));
create table sets (id serial primary key, lft int not null unique, rgt int not null unique, check (lft < rgt));
create table stays (
  id serial primary key, room int not null, stay tstzrange not null check (upper(stay) - lower(stay) >= interval '1 day'),
  exclude using gist (int4range(room, room, '[]') with =, stay with &&));
create table watched (id serial primary key, state text not null);
create function watch() returns trigger language plpgsql as $$ begin
  if new.state not in ('open', 'shut') then raise exception 'no state %', new.state; end if; return new; end $$;
create table dropped (id serial primary key, size int not null);
create function drop_even() returns trigger language plpgsql as $$ begin return case when new.size % 2 = 0 then null else new end; end $$;
create trigger drop_even before insert on dropped for each row execute function drop_even();
create trigger watch before insert on watched for each row execute function watch();
create table holes (k text not null, at timestamptz not null) partition by hash (k);
create table holes_0 partition of holes for values with (modulus 2, remainder 0);
create table areas (area text not null) partition by list (lower(area));
create table areas_eu partition of areas for values in ('eu', 'us');
create table corners (a int not null, b int not null) partition by range (a, b);
create table corners_1 partition of corners for values from (1, 10) to (1, 20);
