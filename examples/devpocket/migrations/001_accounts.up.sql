CREATE TYPE subscription_tier AS ENUM ('free', 'pro', 'team');

CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  username varchar(60) NOT NULL UNIQUE,
  full_name text NOT NULL,
  password_hash text NOT NULL,
  tier subscription_tier NOT NULL DEFAULT 'free',
  is_active boolean NOT NULL DEFAULT true,
  time_zone text,
  last_login_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (updated_at >= created_at)
);

CREATE TABLE ssh_profiles (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  name varchar(80) NOT NULL,
  host text NOT NULL,
  port integer NOT NULL DEFAULT 22 CHECK (port BETWEEN 1 AND 65535),
  login text NOT NULL,
  auth_method text NOT NULL CHECK (auth_method IN ('password', 'key', 'agent')),
  public_key text,
  fingerprint text,
  options jsonb NOT NULL DEFAULT '{}',
  connections integer NOT NULL DEFAULT 0 CHECK (connections >= 0),
  failed_connections integer NOT NULL DEFAULT 0 CHECK (failed_connections >= 0),
  last_used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ssh_profiles_user ON ssh_profiles (user_id);
