-- On a distributed database a rule of uniqueness has to name the bucket. A message's bucket follows from the order or the
-- message that it names, so the same message meets itself in the same bucket.
CREATE UNIQUE INDEX inbox_by_bucket_and_message ON inbox (bucket, channel, message_id);
DROP INDEX inbox_by_message;
