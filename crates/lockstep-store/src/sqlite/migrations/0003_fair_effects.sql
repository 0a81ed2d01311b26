-- Due effects are read lender by lender, so that a long line of one can't hide the others'.
CREATE INDEX effects_of_tenant ON effects (tenant, due_at, id) WHERE state = 'ready';
DROP INDEX effects_due;
