-- Lists of people, and what stops on leaving. store/backfill.go then folds the names of
-- people who were here before, and lists and indexes what was sent to them.

-- what lists by first name and by city are sorted by
CREATE INDEX people_first ON people (organisation_id, kind, folded, no);
CREATE INDEX people_city ON people (organisation_id, kind, city, sort_name, no);

-- why a message that had not been delivered yet never will be: '' (it will), left, locked
ALTER TABLE messages ADD COLUMN stopped text NOT NULL DEFAULT '';

-- "Send to all" reads who sits where from this alone, and who has left does not.
DROP INDEX enrolments_room;
CREATE INDEX enrolments_room ON enrolments (organisation_id, group_id, room, person_no, state);
