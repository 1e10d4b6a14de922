-- Where recipients sat when a sending was stored, and which sendings remind of which.

-- seat: NULL of what was stored before; their room is stored beside it.
ALTER TABLE messages ADD COLUMN seat text;

-- of_offset: the sending that it reminds of, the first of a chain of reminders.
CREATE TABLE reminders (
	organisation_id {int} NOT NULL,
	of_offset       {int} NOT NULL,
	"offset"        {int} NOT NULL,
	PRIMARY KEY (organisation_id, of_offset, "offset")
){clustered};
CREATE UNIQUE INDEX reminders_offset ON reminders (organisation_id, "offset");
