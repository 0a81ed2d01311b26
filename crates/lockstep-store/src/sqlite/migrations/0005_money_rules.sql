-- Money rules, whatever the program above believes: a payment has at most one attempt that may still move money, and no
-- decision of ours lets more go back than was taken.
ALTER TABLE payments ADD COLUMN
    living_attempts INTEGER NOT NULL DEFAULT 0   -- C1
        CONSTRAINT payments_one_living_attempt CHECK (living_attempts IN (0, 1));
ALTER TABLE payments ADD COLUMN
    taken_minor     INTEGER NOT NULL DEFAULT 0;   -- C1 what its attempts took
-- What went back beyond that because a channel broke its word: a fact, which is written down whatever it is. A change that
-- opens a refund leaves it as it stands.
ALTER TABLE payments ADD COLUMN
    excess_minor    INTEGER NOT NULL DEFAULT 0;   -- C1
ALTER TABLE payments ADD COLUMN
    refunded_minor  INTEGER NOT NULL DEFAULT 0   -- C1 what went back or still could
        CONSTRAINT payments_refunds_within_taken
        CHECK (refunded_minor >= 0 AND refunded_minor <= taken_minor + excess_minor);

UPDATE payments
SET living_attempts = s.living, taken_minor = s.taken, refunded_minor = s.refunded, excess_minor = max(s.refunded - s.taken, 0)
FROM (SELECT q.bucket, q.id,
             (SELECT count(*) FROM json_each(q.state, '$.attempts') a
              WHERE a.value ->> '$.state.status' IN ('sending', 'unknown')) AS living,
             q.amount_minor * (SELECT count(*) FROM json_each(q.state, '$.attempts') a
                               WHERE a.value ->> '$.state.status' = 'succeeded') AS taken,
             (SELECT coalesce(sum((r.value ->> '$.moved_minor')
                                  + CASE WHEN r.value ->> '$.state.status' IN ('proposed', 'waiting')
                                           OR EXISTS (SELECT 1 FROM json_each(r.value, '$.tries') t
                                                      WHERE t.value ->> '$.state.status' IN ('sending', 'unknown'))
                                         THEN r.value ->> '$.amount_minor' ELSE 0 END), 0)
              FROM json_each(q.state, '$.refunds') r) AS refunded
      FROM payments q) s
WHERE s.bucket = payments.bucket AND s.id = payments.id AND (s.living > 0 OR s.taken > 0 OR s.refunded > 0);
