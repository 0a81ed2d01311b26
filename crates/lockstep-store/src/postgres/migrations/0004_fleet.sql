-- Many nodes share this database. Each bucket is held by one of them; what a node writes names its number (counted up in
-- `fence`), and is refused where the bucket is held by another number.

-- Who has joined. A row is removed when its node leaves, is replaced under its name, or has been silent too long.
CREATE TABLE nodes (
    number          BIGINT NOT NULL PRIMARY KEY,   -- C1
    name            TEXT COLLATE "C" NOT NULL,   -- C1
    address         TEXT COLLATE "C" NOT NULL,   -- C1 where the others reach its API
    beats           BIGINT NOT NULL   -- C1 how often it has said that it lives
);

-- Who holds what; 0, or a number that is not among the nodes, holds nothing. A transaction of changes locks the rows of its
-- buckets in share mode, so a bucket never changes hands while it is written to.
CREATE TABLE leases (
    bucket          INTEGER NOT NULL PRIMARY KEY,   -- C1
    holder          BIGINT NOT NULL   -- C1
);
INSERT INTO leases (bucket, holder) SELECT bucket, 0 FROM generate_series(0, 1023) AS all_buckets (bucket);

-- What breakers have done, told by each node to the others. Read for ten minutes, removed after an hour.
CREATE TABLE health_news (
    number          BIGINT NOT NULL,   -- C1 who tells
    seq             BIGINT NOT NULL,   -- C1 in its order
    at              BIGINT NOT NULL DEFAULT (extract(epoch FROM now()) * 1000),   -- C1 the server's clock
    body            TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (number, seq)
);
CREATE INDEX health_news_by_age ON health_news (at);
