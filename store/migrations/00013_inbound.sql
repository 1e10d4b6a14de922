-- What comes in: what was refused, and files that are handed over by a link in a mail.

-- What was refused, by the day (UTC, as in 2026-11-30). source: kannel, twilio, lmtp, smtp. reason: a code of
-- domain.RefusedWhy. detail: of the newest one.
CREATE TABLE inbound_refusals (
	organisation_id {int} NOT NULL,
	day             text NOT NULL,
	source          text NOT NULL,
	reason          text NOT NULL,
	count           {int} NOT NULL,
	detail          text NOT NULL DEFAULT '',
	last_at         {int} NOT NULL,
	PRIMARY KEY (organisation_id, day, source, reason)
){clustered};

-- verified: '' of an SMS; yes or no: whether the mail server in front vouches for a mail's author.
ALTER TABLE inbound ADD COLUMN verified text NOT NULL DEFAULT '';

-- Links in mails to files that were fetched: each works once.
CREATE TABLE download_uses (
	organisation_id {int} NOT NULL,
	delivery_id     text NOT NULL,
	attachment_id   text NOT NULL,
	used_at         {int} NOT NULL,
	PRIMARY KEY (organisation_id, delivery_id, attachment_id)
){clustered};
