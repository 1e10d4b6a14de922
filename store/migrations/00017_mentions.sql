-- Mentions: when a note was written, and whether a mail has told its staff member of it. Mentions from before have
-- no time: no mail tells of them.
ALTER TABLE mentions ADD COLUMN at {int} NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN mailed {int} NOT NULL DEFAULT 0;
CREATE INDEX mentions_to_mail ON mentions (at) WHERE mailed = 0;
