-- Who marked an effect as being sent, or none: whoever finds its own claim there after a fault knows that nobody has sent it.
ALTER TABLE effects ADD COLUMN claim BIGINT;   -- C1
