-- Sendings are expanded in slices.

-- expanded: offset of the last sending all of whose messages are there. part: how many recipients of the
-- next one have theirs.
ALTER TABLE expansions ADD COLUMN part {int} NOT NULL DEFAULT 0;
-- listed: offset of the last sending that has moved all its conversations. list_to and list_person: the
-- sendings up to list_to are moving theirs, and have done so up to that person; 0 while none are.
ALTER TABLE expansions ADD COLUMN listed {int} NOT NULL DEFAULT 0;
ALTER TABLE expansions ADD COLUMN list_to {int} NOT NULL DEFAULT 0;
ALTER TABLE expansions ADD COLUMN list_person {int} NOT NULL DEFAULT 0;
UPDATE expansions SET listed = expanded;
