-- The hospital's own tables, as they were before the gateway came.
CREATE TABLE departments (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    cost_centre INTEGER,
    head_id     TEXT REFERENCES staff
);
CREATE UNIQUE INDEX departments_name ON departments (lower(name));
CREATE INDEX departments_head ON departments (head_id);
CREATE TABLE staff (
    id               TEXT PRIMARY KEY,
    row_version      INTEGER NOT NULL,
    login            TEXT NOT NULL,          -- signs in to the wards' computers
    home_share       TEXT,                   -- \\files\home\LOGIN
    lab_user         TEXT,                   -- the laboratory's machine takes eight letters
    kind             TEXT,                   -- doctor, nurse, office; system: the accounts of machines
    personnel_no     TEXT,
    first_name       TEXT,
    last_name        TEXT NOT NULL,
    shown_as         TEXT,
    mail             TEXT,
    mail_private     TEXT,
    phone            TEXT,
    phone_night      TEXT,
    pager            TEXT,
    nationality      INTEGER,                -- ISO 3166-1 numeric
    cost_centre      INTEGER,
    role             INTEGER NOT NULL,
    department_id    TEXT REFERENCES departments,
    manager_id       TEXT REFERENCES staff,
    licence_no       TEXT,
    licence_board    TEXT,
    licence_until    TIMESTAMP,
    prescriber_no    TEXT,
    qualifications   TEXT,                   -- JSON
    status           TEXT NOT NULL,          -- invited, active, suspended, left
    under_inquiry    BOOLEAN DEFAULT FALSE,  -- the ombudsman's flag: nobody changes the row meanwhile
    left_at          TIMESTAMP
);
CREATE UNIQUE INDEX staff_login ON staff (lower(login));
CREATE UNIQUE INDEX staff_personnel_no ON staff (lower(personnel_no));
CREATE INDEX staff_department ON staff (department_id);
CREATE INDEX staff_manager ON staff (manager_id);
CREATE TABLE badges (
    staff_id    TEXT NOT NULL REFERENCES staff,
    position    INTEGER,
    number      TEXT NOT NULL,
    kind        TEXT,
    valid_until TIMESTAMP
);
CREATE INDEX badges_staff ON badges (staff_id);
CREATE INDEX badges_number ON badges (lower(number));
CREATE TABLE devices (
    id        TEXT PRIMARY KEY,
    serial    TEXT NOT NULL,
    model     TEXT,
    room      TEXT,
    bed       TEXT,
    holder_id TEXT REFERENCES staff,
    in_use    INTEGER NOT NULL
);
CREATE UNIQUE INDEX devices_serial ON devices (lower(serial));
CREATE INDEX devices_holder ON devices (holder_id);
CREATE TABLE wards (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE UNIQUE INDEX wards_name ON wards (lower(name));
CREATE TABLE ward_staff (
    ward_id  TEXT NOT NULL REFERENCES wards,
    staff_id TEXT NOT NULL REFERENCES staff,
    source   TEXT,
    PRIMARY KEY (ward_id, staff_id)
);
CREATE INDEX ward_staff_staff ON ward_staff (staff_id);

INSERT INTO staff (id, row_version, login, kind, last_name, role, status)
    VALUES ('s-1', 1, 'hl7gateway', 'system', 'HL7 Gateway', 0, 'active');
INSERT INTO staff (id, row_version, login, kind, personnel_no, first_name, last_name, role, status, under_inquiry)
    VALUES ('s-2', 1, 'jekyll', 'doctor', '10002', 'Henry', 'Jekyll', 2, 'active', TRUE);
INSERT INTO staff (id, row_version, login, kind, personnel_no, first_name, last_name, role, status)
    VALUES ('s-3', 1, 'NIGHTINGALE', 'nurse', '10003', 'Florence', 'Nightingale', 1, 'invited');
