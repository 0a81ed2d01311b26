-- Money rules, whatever the program above believes: a payment has at most one attempt that may still move money, and no
-- decision of ours lets more go back than was taken. Columns beside the state instead of triggers or other tables, so that
-- they hold on a distributed database, too.
ALTER TABLE payments ADD COLUMN
    living_attempts INTEGER NOT NULL DEFAULT 0;   -- C1
ALTER TABLE payments ADD COLUMN
    taken_minor     BIGINT NOT NULL DEFAULT 0;   -- C1 what its attempts took
ALTER TABLE payments ADD COLUMN
    refunded_minor  BIGINT NOT NULL DEFAULT 0;   -- C1 what went back or still could
-- What went back beyond that because a channel broke its word: a fact, which is written down whatever it is. A change that
-- opens a refund leaves it as it stands.
ALTER TABLE payments ADD COLUMN
    excess_minor    BIGINT NOT NULL DEFAULT 0;   -- C1

UPDATE payments p
SET living_attempts = s.living, taken_minor = s.taken, refunded_minor = s.refunded, excess_minor = greatest(s.refunded - s.taken, 0)
FROM (SELECT q.bucket, q.id,
             (SELECT count(*) FROM jsonb_array_elements(q.state::jsonb -> 'attempts') a
              WHERE a -> 'state' ->> 'status' IN ('sending', 'unknown')) AS living,
             q.amount_minor * (SELECT count(*) FROM jsonb_array_elements(q.state::jsonb -> 'attempts') a
                               WHERE a -> 'state' ->> 'status' = 'succeeded') AS taken,
             (SELECT coalesce(sum((r ->> 'moved_minor')::bigint
                                  + CASE WHEN r -> 'state' ->> 'status' IN ('proposed', 'waiting')
                                           OR EXISTS (SELECT 1 FROM jsonb_array_elements(r -> 'tries') t
                                                      WHERE t -> 'state' ->> 'status' IN ('sending', 'unknown'))
                                         THEN (r ->> 'amount_minor')::bigint ELSE 0 END), 0)::bigint
              FROM jsonb_array_elements(coalesce(q.state::jsonb -> 'refunds', '[]')) r) AS refunded
      FROM payments q) s
WHERE s.bucket = p.bucket AND s.id = p.id AND (s.living > 0 OR s.taken > 0 OR s.refunded > 0);

ALTER TABLE payments ADD CONSTRAINT payments_one_living_attempt CHECK (living_attempts IN (0, 1));
ALTER TABLE payments ADD CONSTRAINT payments_refunds_within_taken
    CHECK (refunded_minor >= 0 AND refunded_minor <= taken_minor + excess_minor);
