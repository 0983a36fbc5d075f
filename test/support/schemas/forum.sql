-- A forum: categories as a tree, topics, posts, polls, badges, moderation; states as small integers, lower-cased names.
create type trust as enum ('new', 'basic', 'member', 'leader');
create table users (
  id serial primary key, username varchar(60) not null, username_lower varchar(60) not null check (username_lower = lower(username_lower)),
  name varchar, active boolean not null default true, trust trust not null default 'new', created_at timestamp not null,
  updated_at timestamp not null, silenced_till timestamp, suspended_at timestamp, suspended_till timestamp,
  check ((suspended_at is null) = (suspended_till is null)), check (suspended_till > suspended_at));
create unique index on users (username);
create unique index on users (username_lower);
create table user_emails (
  id serial primary key, user_id int not null references users on delete cascade, email varchar(513) not null,
  is_primary boolean not null default false, created_at timestamp not null);
create unique index on user_emails (lower(email));
create unique index on user_emails (user_id) where is_primary;
create table user_profiles (user_id int primary key references users, bio_raw text, website varchar, views int not null default 0 check (views >= 0));
create table user_options (user_id serial primary key references users, digest_after_minutes int check (digest_after_minutes > 0), text_size smallint not null default 0);
create table user_avatars (id serial primary key, user_id int not null unique references users, custom_upload_id int);
create table groups (
  id serial primary key, name varchar not null unique check (name ~ '^[a-z0-9][a-z0-9_.-]{2,19}$'), flair_color char(6) check (flair_color ~ '^[0-9a-fA-F]{6}$'),
  visibility int not null default 0 check (visibility between 0 and 4));
create table group_users (id serial primary key, group_id int not null references groups, user_id int not null references users, owner boolean not null default false, unique (group_id, user_id));
create table categories (
  id serial primary key, name varchar(50) not null, slug varchar not null check (slug !~ '[A-Z ]'), color varchar(6) not null default '0088CC' check (color ~ '^([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$'),
  parent_category_id int references categories check (parent_category_id <> id), user_id int not null references users, position int);
create unique index on categories (coalesce(parent_category_id, -1), name);
create unique index on categories (coalesce(parent_category_id, -1), lower(slug)) where slug <> '';
create table category_groups (id serial primary key, category_id int not null references categories, group_id int not null references groups, permission_type int default 1 check (permission_type in (1, 2, 3)), unique (category_id, group_id));
create table topics (
  id serial primary key, title varchar(255) not null, fancy_title varchar(400), user_id int references users, category_id int references categories,
  archetype varchar not null default 'regular', posts_count int not null default 0, closed boolean not null default false, created_at timestamp not null, bumped_at timestamp not null, deleted_at timestamp, deleted_by_id int references users,
  constraint has_category_id check (category_id is not null or archetype <> 'regular'), constraint pm_has_no_category check (category_id is null or archetype <> 'private_message'),
  check (deleted_at is null or deleted_by_id is not null));
create table posts (
  id serial primary key, user_id int references users, topic_id int not null references topics, post_number int not null, raw text not null check (length(raw) >= 5),
  cooked text not null, reply_to_post_number int check (reply_to_post_number < post_number), locale varchar(20), hidden boolean not null default false, hidden_at timestamp, created_at timestamp not null, check (hidden = (hidden_at is not null)), unique (topic_id, post_number));
create table post_replies (post_id int references posts, reply_post_id int references posts, created_at timestamp not null, check (post_id <> reply_post_id));
create unique index on post_replies (post_id, reply_post_id);
create table post_actions (
  id serial primary key, post_id int not null references posts, user_id int not null references users, post_action_type_id int not null check (post_action_type_id between 1 and 8), deleted_at timestamp, created_at timestamp not null);
create unique index on post_actions (user_id, post_action_type_id, post_id) where deleted_at is null;
create table tags (id serial primary key, name varchar not null check (name not like '% %' and name not like '%,%'), topic_count int not null default 0, target_tag_id int references tags, created_at timestamp not null);
create unique index on tags (lower(name));
create table topic_tags (topic_id int not null references topics, tag_id int not null references tags, primary key (topic_id, tag_id));
create table tag_groups (id serial primary key, name varchar not null unique, parent_tag_id int references tags);
create table tag_group_memberships (id serial primary key, tag_id int not null references tags, tag_group_id int not null references tag_groups, unique (tag_group_id, tag_id));
create table badges (
  id serial primary key, name varchar not null unique, badge_type_id int not null check (badge_type_id in (1, 2, 3)), icon varchar default 'fa-certificate', query text, trigger int check (trigger is null or query is not null));
create table user_badges (id serial primary key, badge_id int not null references badges, user_id int not null references users, granted_at timestamp not null, seq int not null default 0, post_id int references posts, unique (badge_id, user_id, seq));
create table polls (
  id bigserial primary key, post_id int references posts, name varchar not null default 'poll', type int not null default 0, status int not null default 0, min int, max int, close_at timestamp, check (min is null or max is null or min <= max), unique (post_id, name));
create table poll_options (id bigserial primary key, poll_id bigint not null references polls, digest varchar not null, html text not null, unique (poll_id, digest));
create table poll_votes (poll_id bigint not null references polls, poll_option_id bigint not null references poll_options, user_id int not null references users, rank int not null default 0, unique (poll_id, poll_option_id, user_id));
create table bookmarks (
  id bigserial primary key, user_id int not null references users, bookmarkable_id int not null, bookmarkable_type varchar not null check (bookmarkable_type in ('Post', 'Topic')), reminder_at timestamp, created_at timestamp not null);
create unique index on bookmarks (user_id, bookmarkable_type, bookmarkable_id);
create table reviewables (
  id bigserial primary key, type varchar not null, status int not null default 0, created_by_id int not null references users, target_id int, target_type varchar, topic_id int references topics, score float not null default 0, version int not null default 0,
  check ((target_id is null) = (target_type is null)));
create unique index on reviewables (type, target_id);
create table invites (
  id serial primary key, invite_key varchar(32) not null unique check (length(invite_key) = 32), email varchar, domain varchar, invited_by_id int not null references users, expires_at timestamp not null, redemption_count int not null default 0, max_redemptions_allowed int not null default 1,
  check (redemption_count <= max_redemptions_allowed), check (num_nonnulls(email, domain) <= 1), created_at timestamp not null, check (expires_at > created_at));
create table drafts (id serial primary key, user_id int not null references users, draft_key varchar not null, data text not null, sequence bigint not null default 0, unique (user_id, draft_key));
create table site_settings (id serial primary key, name varchar not null unique, value text, data_type int not null check (data_type > 0 and data_type < 30));
create table uploads (
  id serial primary key, user_id int not null references users, original_filename varchar not null, filesize bigint not null check (filesize > 0), width int, height int, url varchar not null, sha1 varchar(40) unique check (sha1 ~ '^[0-9a-f]{40}$'), extension varchar(10) check (extension = lower(extension)),
  check ((width is null) = (height is null)));
