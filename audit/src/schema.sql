-- One row a record, in the order of the log. What is hashed stands in full, so that the store can be verified alone;
-- the id columns are derived from it for searching.
CREATE TABLE record (
    position       INTEGER PRIMARY KEY,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    "offset"       INTEGER NOT NULL,
    at_ns          INTEGER NOT NULL,              -- UTC nanoseconds since 1970
    kind           TEXT    NOT NULL,
    actor          TEXT    NOT NULL,
    firm           TEXT,
    session        TEXT,
    order_id       TEXT,
    cl_ord_id      TEXT,
    orig_cl_ord_id TEXT,
    symbol         TEXT,
    exec_id        TEXT,
    "key"          BLOB    NOT NULL,
    origin         BLOB    NOT NULL,
    trace          BLOB    NOT NULL,
    wire           BLOB    NOT NULL,
    payload        BLOB    NOT NULL,              -- JSON, or the FIX message with secrets masked
    masked_digest  BLOB,                          -- SHA-256 of the true value where payload is masked
    leaf           BLOB    NOT NULL,
    chain          BLOB    NOT NULL
) STRICT;
CREATE INDEX record_order   ON record (order_id)  WHERE order_id  IS NOT NULL;
CREATE INDEX record_cl_ord  ON record (cl_ord_id) WHERE cl_ord_id IS NOT NULL;
CREATE INDEX record_session ON record (session)   WHERE session   IS NOT NULL;
CREATE INDEX record_firm    ON record (firm)      WHERE firm      IS NOT NULL;
CREATE INDEX record_time    ON record (at_ns);

-- FIX messages name a session, not a firm.
CREATE TABLE session_firm (session TEXT NOT NULL, firm TEXT NOT NULL, PRIMARY KEY (session, firm)) STRICT, WITHOUT ROWID;

-- How far the rows reach and the chains there, moved in the transaction that writes the rows.
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, chains BLOB NOT NULL) STRICT;
