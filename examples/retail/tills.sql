-- The till system's tables, as its maker delivers them.
CREATE TABLE stores (
    number     TEXT PRIMARY KEY,             -- uuid4 for those that the gateway makes
    code       TEXT NOT NULL,
    name       TEXT,
    street     TEXT,
    town       TEXT,
    country    TEXT,                         -- three letters, for the tax office
    hours      TEXT,                         -- JSON
    manager_id TEXT REFERENCES users,
    deputy_id  TEXT REFERENCES users
);
CREATE UNIQUE INDEX stores_code ON stores (lower(code));
CREATE INDEX stores_manager ON stores (manager_id);
CREATE INDEX stores_deputy ON stores (deputy_id);
CREATE TABLE users (
    id           TEXT PRIMARY KEY,
    row_version  INTEGER NOT NULL,
    email        TEXT NOT NULL,
    private_mail TEXT,
    idp_id       TEXT,
    first_name   TEXT,
    last_name    TEXT,
    full_name    TEXT,
    receipt_name TEXT,                       -- "You were served by ..."
    till_login   TEXT,
    pin_hash     TEXT,
    status       TEXT NOT NULL,              -- active, invited, disabled, locked
    role_id      INTEGER,
    discount     TEXT,                       -- staff, family
    permits      TEXT,                       -- alcohol;refund;void
    store        TEXT REFERENCES stores,
    created_by   TEXT,
    deleted_at   TEXT
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_idp ON users (lower(idp_id));
CREATE INDEX users_store ON users (store);
CREATE TABLE contracts (
    user_id     TEXT NOT NULL REFERENCES users,
    position    INTEGER,
    number      TEXT NOT NULL,
    kind        TEXT,
    hours       REAL,
    valid_until TIMESTAMP
);
CREATE INDEX contracts_user ON contracts (user_id);
CREATE TABLE teams (team_id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE UNIQUE INDEX teams_name ON teams (lower(name));
CREATE TABLE memberships (
    team_id TEXT NOT NULL REFERENCES teams, user_id TEXT NOT NULL REFERENCES users, source TEXT,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

INSERT INTO users (id, row_version, email, last_name, status, role_id, created_by)
    VALUES ('u-1', 1, 'support@tillmaker.example', 'Support', 'active', 9, 'maker');
INSERT INTO teams VALUES ('t-1', 'Area managers'), ('t-2', 'Store managers');
