-- Every event of an order, from FIX byte to posting. What has no OrderID yet names its order by session and ClOrdID.
CREATE OR REPLACE VIEW order_trail AS
SELECT order_id, position, at, topic, kind, actor, firm, session, cl_ord_id, orig_cl_ord_id, symbol, exec_id,
       replaceAll(payload, '\x01', '|') AS message
FROM record WHERE order_id != ''
UNION ALL
SELECT named.order_id AS order_id, m.position, m.at, m.topic, m.kind, m.actor, named.firm AS firm, m.session, m.cl_ord_id,
       m.orig_cl_ord_id, m.symbol, m.exec_id, replaceAll(m.payload, '\x01', '|') AS message
FROM record AS m
INNER JOIN (
    SELECT session, cl_ord_id, order_id, max(firm) AS firm FROM record
    WHERE order_id != '' AND cl_ord_id != '' AND session != ''
    GROUP BY session, cl_ord_id, order_id
) AS named ON m.session = named.session AND m.cl_ord_id = named.cl_ord_id
WHERE m.order_id = '' AND m.cl_ord_id != '';

-- Every fill, one row for each side.
CREATE OR REPLACE VIEW executions AS
SELECT exec_id, at, order_id, cl_ord_id, firm, JSONExtractString(payload, 'terms', 'account') AS account, session, symbol,
       JSONExtractString(payload, 'terms', 'side') AS side,
       toDecimal128(JSONExtractString(payload, 'exec', 'trade', 'qty'), 9) AS last_qty,
       toDecimal128(JSONExtractString(payload, 'exec', 'trade', 'price'), 9) AS last_px,
       JSONExtractUInt(payload, 'exec', 'trade', 'trade') AS trade,
       JSONExtractString(payload, 'exec', 'trade', 'liquidity') AS liquidity,
       toDecimal128(JSONExtractString(payload, 'filled', 'cum_qty'), 9) AS cum_qty,
       toDecimal128(JSONExtractString(payload, 'filled', 'leaves_qty'), 9) AS leaves_qty,
       position
FROM record WHERE kind = 'execution.reported.v1' AND JSONHas(payload, 'exec', 'trade');

-- Every change of an order's state in the market, in sequence.
CREATE OR REPLACE VIEW order_book_of_record AS
SELECT order_id, position, at, symbol, firm, session, cl_ord_id, kind,
       if(kind = 'execution.reported.v1',
          if(JSONType(payload, 'exec') = 'String', JSONExtractString(payload, 'exec'), JSONExtractKeys(payload, 'exec')[1]),
          '') AS exec_type,
       JSONExtractString(payload, 'status') AS ord_status,
       JSONExtractString(payload, 'terms', 'side') AS side,
       JSONExtractString(payload, 'terms', 'ord_type') AS ord_type,
       JSONExtractString(payload, 'terms', 'qty') AS order_qty,
       JSONExtractString(payload, 'terms', 'price') AS price,
       JSONExtractString(payload, 'terms', 'tif') AS time_in_force,
       JSONExtractString(payload, 'filled', 'cum_qty') AS cum_qty,
       JSONExtractString(payload, 'filled', 'leaves_qty') AS leaves_qty
FROM record WHERE kind IN ('order.accepted.v1', 'cancel.accepted.v1', 'replace.accepted.v1', 'execution.reported.v1', 'order.refused.v1');

-- Every FIX message by session: direction 0 in, 1 out, 2 in and not consumed, 3 out but queued without a number.
CREATE OR REPLACE VIEW sessions AS
SELECT session, at, position,
       ['in', 'out', 'in, not consumed', 'queued'][reinterpretAsUInt8(substring(wire, 1, 1)) + 1] AS direction,
       reinterpretAsUInt32(reverse(substring(wire, 2, 4))) AS epoch,
       reinterpretAsUInt64(reverse(substring(wire, 6, 8))) AS msg_seq_num,
       extract(payload, '(?:^|\x01)35=([^\x01]*)') AS msg_type,
       replaceAll(payload, '\x01', '|') AS message
FROM record WHERE topic = 'fix' AND wire != '';

-- What people and configuration did, with who and what came of it.
CREATE OR REPLACE VIEW admin_actions AS
SELECT position, at, kind, actor, key AS entity, firm, JSONExtractString(payload, 'command', 'operation') AS operation,
       JSONExtractString(payload, 'command', 'by') AS by, JSONExtractString(payload, 'command', 'address') AS address,
       JSONExtractRaw(payload, 'decision') AS decision, payload AS details
FROM record WHERE topic = 'admin' AND kind NOT IN ('clock.ticked.v1');

-- Limits as they were set, proposed, decided and changed, before and after.
CREATE OR REPLACE VIEW limit_changes AS
SELECT position, at, kind, actor, firm, JSONExtractRaw(payload, 'scope') AS scope, JSONExtractUInt(payload, 'version') AS version,
       JSONExtractString(payload, 'cause') AS cause, JSONExtractString(payload, 'maker') AS maker,
       JSONExtractString(payload, 'checker') AS checker, JSONExtractString(payload, 'reason') AS reason,
       JSONExtractRaw(payload, 'before') AS before_change,
       if(JSONHas(payload, 'limits'), JSONExtractRaw(payload, 'limits'), payload) AS after_change
FROM record WHERE kind IN ('limits.set.v1', 'limits.change_proposed.v1', 'limits.change_decided.v1', 'limits.changed.v1', 'house_credit.set.v1');

-- Every transfer of the ledger.
CREATE OR REPLACE VIEW postings AS
SELECT position, at, firm, order_id, exec_id, JSONExtractString(transfer, 'id') AS transfer_id,
       JSONExtractString(transfer, 'debit') AS debit, JSONExtractString(transfer, 'credit') AS credit,
       JSONExtractString(transfer, 'asset') AS asset,
       toDecimal128(JSONExtractString(transfer, 'amount'), 9) AS amount,
       if(JSONType(transfer, 'kind') = 'String', JSONExtractString(transfer, 'kind'), JSONExtractKeys(transfer, 'kind')[1]) AS transfer_kind,
       JSONExtractString(transfer, 'reason') AS reason
FROM record ARRAY JOIN JSONExtractArrayRaw(payload, 'transfers') AS transfer
WHERE kind = 'ledger.posted.v1';

-- Debits and credits of every account by asset. A pending transfer moves nothing until it is posted; both sides of every
-- asset are equal.
CREATE OR REPLACE VIEW trial_balance AS
SELECT account, asset, sum(debited) AS debits, sum(credited) AS credits, sum(credited) - sum(debited) AS balance
FROM (
    SELECT debit AS account, asset, amount AS debited, toDecimal128(0, 9) AS credited FROM postings
    WHERE transfer_kind IN ('plain', 'post')
    UNION ALL
    SELECT credit AS account, asset, toDecimal128(0, 9) AS debited, amount AS credited FROM postings
    WHERE transfer_kind IN ('plain', 'post')
)
GROUP BY account, asset;

-- Seals: what was covered, when, and the checkpoint to publish.
CREATE OR REPLACE VIEW seals AS
SELECT position, at, JSONExtractString(payload, 'topic') AS sealed_topic, JSONExtractUInt(payload, 'partition') AS sealed_partition,
       JSONExtractUInt(payload, 'tree_size') AS tree_size, JSONExtractString(payload, 'root') AS root,
       JSONExtractString(payload, 'chain_head') AS chain_head, JSONExtractUInt(payload, 'key_epoch') AS key_epoch,
       JSONExtractString(payload, 'checkpoint') AS checkpoint
FROM record WHERE kind = 'sealed.v1';

-- Holes in the offsets of a topic-partition; empty when nothing is missing. What follows the last row does not show.
CREATE OR REPLACE VIEW gaps AS
SELECT topic, partition, expected AS first_missing, offset AS found, toUInt64(offset - expected) AS missing
FROM (
    SELECT topic, partition, offset,
           toUInt64(lagInFrame(toInt64(offset), 1, -1) OVER (
               PARTITION BY topic, partition ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) + 1) AS expected
    FROM record
)
WHERE offset != expected;

-- Rows whose leaf is not that of their columns, or whose chain does not follow; empty when the store is intact.
CREATE OR REPLACE VIEW broken AS
WITH
    -- Big endian; concat keeps the zero bytes at the end that toString would drop.
    (number) -> concat(reverse(reinterpretAsFixedString(number)), '') AS bytes,
    (text) -> concat(bytes(toUInt32(length(text))), text) AS field
SELECT topic, partition, offset, position, kind, leaf_holds, chain_holds
FROM (
    SELECT topic, partition, offset, position, kind,
           leaf = concat(SHA256(concat(
               '\0',
               field('assay.record.v1'), field(toString(topic)),
               field(bytes(partition)),
               field(bytes(offset)),
               field(if(position < 0, '', bytes(position))),
               field(key), field(toString(kind)), field(bytes(at_ns)),
               field(origin), field(trace), field(actor), field(wire),
               field(if(masked_digest = '', concat(SHA256(payload), ''), masked_digest)))), '') AS leaf_holds,
           chain = concat(SHA256(concat(
               lagInFrame(chain, 1, unhex('0000000000000000000000000000000000000000000000000000000000000000')) OVER (
                   PARTITION BY topic, partition ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
               leaf)), '') AS chain_holds
    FROM record
)
WHERE NOT leaf_holds OR NOT chain_holds
