//! A lender's own log of attempts: an anatomy of its failures, and what other choices would have collected.
