-- Messages to be sent outside, written in the transaction of what they tell of.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    worker TEXT,
    lease_until_us INTEGER,
    attempts INTEGER NOT NULL,
    done_us INTEGER
) STRICT;
CREATE INDEX outbox_open ON outbox (done_us, id);

-- Who opened whose personal values.
CREATE TABLE read_log (
    time_us INTEGER NOT NULL,
    reader TEXT NOT NULL,
    subject TEXT NOT NULL,
    place TEXT NOT NULL
) STRICT;
CREATE INDEX read_log_subject ON read_log (subject, time_us);
