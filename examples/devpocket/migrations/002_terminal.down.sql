DROP TABLE sync_data;
DROP TABLE commands;
DROP TABLE sessions;
