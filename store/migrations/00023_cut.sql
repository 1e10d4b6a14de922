-- Whether quoted or signed text was removed from a mail. 1 also for mails from before this column:
-- whoever opens their text is told.
ALTER TABLE inbound ADD COLUMN cut {int} NOT NULL DEFAULT 1;
