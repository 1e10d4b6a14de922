-- elsewhere: 1 = the candidate meets this message by its copies alone (domain.Settings.Elsewhere); their pages do not have it.
ALTER TABLE messages ADD COLUMN elsewhere {int} NOT NULL DEFAULT 0;
