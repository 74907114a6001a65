-- A register as schema 1 wrote it: one organisation, one person. The chain was computed by another
-- program from docs/spec/register.md.
PRAGMA application_id = 0x4A4F4D4F;
PRAGMA user_version = 1;
-- Identities are text: a UUID with hyphens, an id of an organisation. Times end in _us and are
-- microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT;

CREATE TABLE organisation (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    title_ja TEXT NOT NULL,
    title_en TEXT NOT NULL
) STRICT;

CREATE TABLE person (
    id TEXT PRIMARY KEY NOT NULL,
    login TEXT NOT NULL UNIQUE,
    sealed BLOB,
    fictional INTEGER NOT NULL CHECK (fictional IN (0, 1)),
    created_us INTEGER NOT NULL,
    disabled_us INTEGER,
    erased_us INTEGER
) STRICT;

CREATE TABLE credential (
    person TEXT PRIMARY KEY NOT NULL REFERENCES person (id),
    hash TEXT NOT NULL,
    set_us INTEGER NOT NULL
) STRICT;

CREATE TABLE "grant" (
    id TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    area TEXT NOT NULL,
    from_us INTEGER NOT NULL,
    until_us INTEGER,
    revoked_us INTEGER
) STRICT;
CREATE INDEX grant_person ON "grant" (person);

CREATE TABLE session (
    token_sha256 BLOB PRIMARY KEY NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT;
CREATE INDEX session_person ON session (person);

CREATE TABLE sign_in_try (login_sha256 BLOB NOT NULL, time_us INTEGER NOT NULL) STRICT;
CREATE INDEX sign_in_try_login ON sign_in_try (login_sha256, time_us);

CREATE TABLE key (
    id TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    title TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_sha256 BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    until_us INTEGER,
    revoked_us INTEGER
) STRICT;
CREATE INDEX key_person ON key (person);

CREATE TABLE subject_key (
    subject TEXT PRIMARY KEY NOT NULL,
    id BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE record (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (1 <= revision),
    content TEXT NOT NULL,
    subject TEXT NOT NULL,
    sealed BLOB,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    organisation TEXT NOT NULL REFERENCES organisation (id),
    municipality TEXT,
    updated_us INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT;
CREATE INDEX record_kind ON record (kind, id);

CREATE TABLE verdict (
    id TEXT PRIMARY KEY NOT NULL,
    layer TEXT NOT NULL,
    lon REAL NOT NULL,
    lat REAL NOT NULL,
    geometry TEXT,
    class TEXT NOT NULL,
    run_key TEXT NOT NULL,
    verdict TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
    by TEXT NOT NULL,
    at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_layer ON verdict (layer, id);

CREATE TABLE edit (
    seq INTEGER PRIMARY KEY NOT NULL,
    time_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    place TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    removes TEXT NOT NULL,
    content_sha256 BLOB NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX edit_subject ON edit (place, subject, seq);

-- What a row was after an edit. It may be removed, by a later edit that says so; the edit stays.
CREATE TABLE edit_body (
    seq INTEGER PRIMARY KEY NOT NULL REFERENCES edit (seq),
    salt BLOB NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE TRIGGER edit_is_next BEFORE INSERT ON edit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM edit)
BEGIN SELECT RAISE(ABORT, 'an edit is the next one'); END;
CREATE TRIGGER edit_is_not_updated BEFORE UPDATE ON edit
BEGIN SELECT RAISE(ABORT, 'an edit is not updated'); END;
CREATE TRIGGER edit_is_not_deleted BEFORE DELETE ON edit
BEGIN SELECT RAISE(ABORT, 'an edit is not deleted'); END;
CREATE TRIGGER edit_body_is_not_updated BEFORE UPDATE ON edit_body
BEGIN SELECT RAISE(ABORT, 'the body of an edit is not updated'); END;

CREATE TABLE job (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    source TEXT NOT NULL,
    by TEXT REFERENCES person (id),
    organisation TEXT REFERENCES organisation (id),
    created_us INTEGER NOT NULL,
    started_us INTEGER,
    finished_us INTEGER,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    stage TEXT,
    done INTEGER,
    total INTEGER,
    message TEXT,
    attempts INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
    cancelled_by TEXT,
    revision INTEGER NOT NULL,
    worker TEXT,
    lease_us INTEGER,
    lease_until_us INTEGER
) STRICT;
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_by ON job (by, id);
INSERT INTO meta VALUES ('created_us', x'0006607A1A0C8000');
INSERT INTO organisation VALUES ('housing', 'prefecture', '架空の住宅課', 'Fictional housing division');
INSERT INTO edit VALUES (1, 1795000000000001, '00000000-0000-0000-0000-000000000000', 'organisation', 'housing', 'create', '',
    x'2a48851b9470dccebf7345da19f226f87238ba5f959bf92c810adeaafa878d82',
    x'0000000000000000000000000000000000000000000000000000000000000000',
    x'12504fe201bb7c7ebe363362ff706d85dfaa89b7ba14a18013db2b255c798020');
INSERT INTO edit_body VALUES (1, x'0101010101010101010101010101010101010101010101010101010101010101',
    x'00000000000000026964030000000000000007686f7573696e6700000000000000046b696e6403000000000000000a7072656665637475726500000000000000087469746c655f6a61030000000000000012e69eb6e7a9bae381aee4bd8fe5ae85e8aab200000000000000087469746c655f656e03000000000000001a46696374696f6e616c20686f7573696e67206469766973696f6e');
INSERT INTO person VALUES ('019a0000-0000-7000-8000-000000000001', 'someone', NULL, 1, 1795000000000000, NULL, NULL);
INSERT INTO edit VALUES (2, 1795000000000002, '00000000-0000-0000-0000-000000000000', 'person', '019a0000-0000-7000-8000-000000000001', 'create', '',
    x'9ef94a0b9afc884b55ddc460b5f3ddff2bbd18fc87f608554a99672da1b31067',
    x'12504fe201bb7c7ebe363362ff706d85dfaa89b7ba14a18013db2b255c798020',
    x'd29329f7085b846ea7826879f1639a78d83526eb8200e41bc79778f9905b0c13');
INSERT INTO edit_body VALUES (2, x'0202020202020202020202020202020202020202020202020202020202020202',
    x'0000000000000002696403000000000000002430313961303030302d303030302d373030302d383030302d30303030303030303030303100000000000000056c6f67696e030000000000000007736f6d656f6e6500000000000000067365616c656400000000000000000966696374696f6e616c010000000000000001000000000000000a637265617465645f7573010006608b015f3000000000000000000b64697361626c65645f75730000000000000000096572617365645f757300');
