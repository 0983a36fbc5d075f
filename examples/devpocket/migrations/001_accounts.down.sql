DROP TABLE ssh_profiles;
DROP TABLE users;
DROP TYPE subscription_tier;
