-- One row a record. What is hashed stands in full (docs/wire/audit-chain.md, section 1); the id columns are derived
-- from it for searching; an empty text stands for none.
CREATE TABLE IF NOT EXISTS record (
    topic          {symbol},
    partition      UInt16,
    offset         UInt64,
    position       Int64,
    at_ns          Int64,
    kind           {symbol},
    actor          String,
    firm           String,
    session        String,
    order_id       String,
    cl_ord_id      String,
    orig_cl_ord_id String,
    symbol         String,
    exec_id        String,
    key            String,
    origin         String,
    trace          String,
    wire           String,
    payload        String,
    masked_digest  String,
    leaf           String,
    chain          String,
    at             {time}
) ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(intDiv(at_ns, 1000000000), 'UTC'))
ORDER BY (topic, partition, offset)
{settings}
