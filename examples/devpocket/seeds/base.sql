-- What every database begins with: an account to log in as, with one SSH profile. Runs before any factory; running it again changes nothing.
INSERT INTO users (email, username, full_name, password_hash, tier, created_at, updated_at)
VALUES ('demo@example.test', 'demo', 'Demo Account', '$argon2id$v=19$m=65536,t=3,p=4$ZGVtbw$ZGVtbw', 'team', '2025-01-01', '2025-01-01')
ON CONFLICT (email) DO NOTHING;

INSERT INTO ssh_profiles (user_id, name, host, login, auth_method)
SELECT id, 'local', 'localhost', 'demo', 'agent' FROM users
 WHERE email = 'demo@example.test' AND NOT EXISTS (SELECT FROM ssh_profiles WHERE user_id = users.id);
