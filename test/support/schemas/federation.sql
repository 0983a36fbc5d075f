-- A federated network, its identity provider and its inventory: keys that functions make, states with demands of their own, hstore, exact spans, great and fine numbers.
create extension if not exists citext;
create extension if not exists hstore;
create extension if not exists ltree;
create sequence note_id_seq;
create function clock_id(name text) returns bigint language plpgsql as $$ begin return (extract(epoch from now())::bigint << 16) | (nextval(name || '_id_seq') & 65535); end $$;
create sequence address_seq;
create function unique_address() returns text language sql as $$ select 'https://example.test/seq/' || nextval('address_seq') $$;
create table hosts (id serial primary key, domain varchar(255) not null unique, seen_at timestamptz);
create table actors (id bigserial primary key, handle varchar not null, domain varchar, address varchar(255) not null default unique_address() unique, host_id int not null references hosts, moved_to bigint references actors, labels varchar[], check (moved_to <> id));
create unique index on actors (lower(handle), coalesce(lower(domain), ''));
create table notes (id bigint primary key default clock_id('note'), uri varchar, actor_id bigint not null references actors, reply_to bigint references notes, path ltree not null check (nlevel(path) between 1 and 6), deleted_at timestamptz);
create unique index on notes (uri text_pattern_ops) where uri is not null;
create table follows (id bigserial primary key, "followerId" int not null, "followedId" int not null, state text not null default 'asked' check (state in ('asked', 'taken')), unique ("followerId", "followedId"), check ("followerId" <> "followedId"));
create table networks (id uuid primary key);
create table flows (
  challenge varchar(40) primary key, network_id uuid not null references networks, state int not null, remember boolean, was_used boolean not null default false, verifier varchar(40) unique, error text,
  check (state = 128 or state = 1 or (state = 2 and remember is not null and error is not null) or (state = 3 and was_used) or (state = 4 and verifier is not null)));
create table memberships (id serial primary key, kind text not null check (kind in ('person', 'group')), owner_id bigint not null, person_id bigint generated always as (case when kind = 'person' then owner_id end) stored references actors, flags int not null check ((flags & 4) = 4 and flags < 64));
create table attributes (id serial primary key, own hstore not null check (own ? 'lang'), more hstore not null check (more ?& array['a', 'b']), code text not null check (code ^@ 'x.'));
create table visits (id serial primary key, begins timestamptz not null, ends timestamptz not null check (ends - begins = interval '30 minutes'), low int not null, high int not null check (high - low = 5));
create table amounts (id serial primary key, wei numeric(38, 18) not null, big bigint not null check (big > 9000000000000000000), huge numeric(1000, 0) not null check (huge > 1e50), far float8 not null check (far > 1e300), day date not null unique check (day > '2000-01-01' and day <> 'infinity'));
create table rings (id serial primary key, next_id int not null unique references rings deferrable initially deferred);
create sequence down_seq increment -1;
create table falling (id int primary key default nextval('down_seq'), note text);
create table spans (id serial primary key, around daterange not null check (around @> date '2024-06-01'), hour tstzrange not null check (upper(hour) = lower(hour) + interval '1 hour'));
create table documents (id serial primary key, place jsonb not null check (place #>> '{address,city}' is not null), sizes jsonb not null check (sizes @? '$.sizes[*] ? (@ > 1)'));
create domain token as text check (value = lower(value) and length(value) = 8 and length(md5(value)) = 32);
create table tokens (id serial primary key, token token not null unique);
