-- Due deliveries are read endpoint by endpoint, so that one look costs as much with a long line as with a short one.
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
DROP INDEX deliveries_due;
