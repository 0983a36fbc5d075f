-- A shop: variants, prices per currency, carts and orders with totals, discounts of two kinds, stock, returns.
create domain currency_code as char(3) check (value ~ '^[A-Z]{3}$');
create domain cents as bigint check (value >= 0);
create extension if not exists btree_gist;
create table regions (id uuid primary key default gen_random_uuid(), name text not null, currency currency_code not null, tax_rate numeric(5, 4) not null check (tax_rate >= 0 and tax_rate < 1));
create table countries (iso2 char(2) primary key check (iso2 ~ '^[a-z]{2}$'), iso3 char(3) not null unique check (iso3 ~ '^[a-z]{3}$'), num_code int not null unique check (num_code between 1 and 999), display_name text not null, region_id uuid references regions);
create table customers (
  id uuid primary key default gen_random_uuid(), email text not null, first_name text, last_name text, has_account boolean not null default false, password_hash text, created_at timestamptz not null default now(), deleted_at timestamptz,
  check (has_account = (password_hash is not null)));
create unique index on customers (email, has_account) where deleted_at is null;
create table customer_groups (id uuid primary key default gen_random_uuid(), name text not null, metadata jsonb not null default '{}', unique (name));
create table customer_group_customers (customer_group_id uuid references customer_groups, customer_id uuid references customers, primary key (customer_group_id, customer_id));
create table addresses (
  id uuid primary key default gen_random_uuid(), customer_id uuid references customers, company text, address_1 text not null, city text not null, country_code char(2) not null references countries, postal_code text not null check (postal_code ~ '^[A-Za-z0-9][A-Za-z0-9 -]{0,8}[A-Za-z0-9]$'), phone text check (phone ~ '^\+[1-9][0-9-]{6,18}$'), is_default boolean not null default false);
create unique index on addresses (customer_id) where is_default;
create table product_types (id uuid primary key default gen_random_uuid(), value text not null unique);
create table collections (id uuid primary key default gen_random_uuid(), title text not null, handle text generated always as (lower(regexp_replace(title, '[^a-zA-Z0-9]+', '-', 'g'))) stored unique);
create table categories (id serial primary key, parent_id int references categories, name text not null, rank int not null check (rank >= 0), mpath text not null check (mpath similar to '([0-9]+.)+'), unique (parent_id, rank));
create table products (
  id uuid primary key default gen_random_uuid(), title text not null, handle text not null unique check (handle ~ '^[a-z0-9]+(?:-[a-z0-9]+)*$'), status text not null default 'draft' check (status in ('draft', 'proposed', 'published', 'rejected')), published_at timestamptz, type_id uuid references product_types, collection_id uuid references collections, weight numeric(8, 3) check (weight > 0), hs_code text check (hs_code ~ '^\d{6,10}$'), origin_country char(2) references countries, discountable boolean not null default true,
  check (status <> 'published' or published_at is not null));
create table product_categories (product_id uuid not null references products, category_id int not null references categories, primary key (product_id, category_id));
create table product_images (id serial primary key, product_id uuid not null references products, url text not null check (url ~ '^https?://'), rank int not null, unique (product_id, rank));
create table product_options (id serial primary key, product_id uuid not null references products, title text not null, unique (product_id, title));
create table product_option_values (id serial primary key, option_id int not null references product_options, value text not null, unique (option_id, value));
create table product_variants (
  id serial primary key, product_id uuid not null references products, title text not null, sku text unique check (sku ~ '^[A-Z]{2,4}-\d{3,6}(-[SML])?$'), barcode text, ean char(13) not null unique check (ean ~ '^\d{13}$'), upc varchar(12) check (length(upc) = 12), allow_backorder boolean not null default false, manage_inventory boolean not null default true, min_qty int not null default 1, max_qty int, check (min_qty > 0), check (max_qty is null or max_qty >= min_qty));
create table variant_option_values (variant_id int references product_variants, option_value_id int references product_option_values, primary key (variant_id, option_value_id));
create table price_lists (
  id serial primary key, name text not null, type text not null check (type in ('sale', 'override')), starts_at timestamptz not null, ends_at timestamptz not null, check (starts_at < ends_at));
create table prices (
  id bigserial primary key, variant_id int not null references product_variants, price_list_id int references price_lists, currency currency_code not null, amount cents not null, min_quantity int, max_quantity int, check ((min_quantity is null) = (max_quantity is null)), check (max_quantity > min_quantity), unique nulls not distinct (variant_id, price_list_id, currency));
create table stock_locations (id serial primary key, name text not null, address_id uuid references addresses);
create table inventory_levels (id serial primary key, variant_id int not null references product_variants, location_id int not null references stock_locations, stocked int not null check (stocked >= 0), reserved int not null check (reserved >= 0), available int generated always as (stocked - reserved) stored, check (reserved <= stocked), unique (variant_id, location_id));
create table discounts (
  id serial primary key, code text not null check (code = upper(code) and code ~ '^[A-Z0-9]{5,12}$'), percent numeric(5, 2) check (percent > 0 and percent <= 100), amount_cents bigint check (amount_cents > 0), currency currency_code, usage_limit int, usage_count int not null default 0, parent_id int references discounts,
  constraint percent_or_amount check (num_nonnulls(percent, amount_cents) = 1), constraint amount_has_currency check ((amount_cents is null) = (currency is null)), check (usage_limit is null or usage_count <= usage_limit));
create unique index on discounts (upper(code));
create table carts (id uuid primary key default gen_random_uuid(), customer_id uuid references customers, region_id uuid not null references regions, email text, completed_at timestamptz, expires_at timestamptz not null check (expires_at > '2020-01-01'), metadata jsonb check (jsonb_typeof(metadata) = 'object'));
create table cart_items (id serial primary key, cart_id uuid not null references carts, variant_id int not null references product_variants, quantity int not null check (quantity between 1 and 99), unit_price cents not null, total bigint not null check (total = quantity * unit_price), unique (cart_id, variant_id));
create table orders (
  id bigserial primary key, display_id text not null unique check (display_id like 'ORD-______'), customer_id uuid not null references customers, cart_id uuid unique references carts, region_id uuid not null references regions, state text not null check (state in ('pending', 'paid', 'shipped', 'canceled')), subtotal numeric(12, 2) not null check (subtotal >= 0), tax numeric(12, 2) not null check (tax >= 0), shipping numeric(12, 2) not null check (shipping >= 0), total numeric(12, 2) not null, paid_at timestamptz, shipped_at timestamptz, canceled_at timestamptz, created_at timestamptz not null default now(),
  check (total = subtotal + tax + shipping), check (case state when 'pending' then paid_at is null and shipped_at is null when 'paid' then paid_at is not null and shipped_at is null when 'shipped' then paid_at is not null and shipped_at is not null else canceled_at is not null end), check (shipped_at >= paid_at));
create table order_items (id bigserial primary key, order_id bigint not null references orders, variant_id int not null references product_variants, quantity smallint not null check (quantity > 0), returned smallint not null default 0 check (returned >= 0 and returned <= quantity));
create table payments (
  id bigserial primary key, order_id bigint references orders, cart_id uuid references carts, provider text not null, amount cents not null check (amount > 0), captured cents not null default 0, currency currency_code not null, data jsonb not null default '{}', check ((order_id is not null)::int + (cart_id is not null)::int = 1), check (captured <= amount));
create table refunds (id bigserial primary key, payment_id bigint not null references payments, amount cents not null check (amount > 0), reason text not null check (reason in ('discount', 'return', 'swap', 'claim', 'other')), note text, check (reason <> 'other' or note is not null));
create table shipping_options (id serial primary key, region_id uuid not null references regions, name text not null, price_type text not null check (price_type in ('flat_rate', 'calculated')), amount bigint, data jsonb not null, check ((price_type = 'flat_rate') = (amount is not null)));
create table fulfillments (id serial primary key, order_id bigint not null references orders, shipping_option_id int not null references shipping_options, tracking_numbers text[] not null default '{}', shipped_at timestamptz);
create table store_hours (location_id int not null references stock_locations, weekday smallint not null check (weekday between 0 and 6), opens time not null default '08:00', closes time not null default '18:00', primary key (location_id, weekday));
create table promotions (id serial primary key, region_id uuid not null references regions, during tstzrange not null, label text not null, exclude using gist (region_id with =, during with &&));
