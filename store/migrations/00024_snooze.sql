-- Conversations that are hidden until a time, reminders of staff members, and how soon a group's
-- messages should be answered.

-- shelf: 0 the inbox, 1 the archive, 2 snoozed; snoozed_until is set with 2 alone.
ALTER TABLE conversations RENAME COLUMN archived TO shelf;
ALTER TABLE conversations ADD COLUMN snoozed_until {int} NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN snoozed_by text NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN snoozed_no {int} NOT NULL DEFAULT 0;
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until <> 0;

-- remind_at: when the conversation is marked as unread for its reader.
ALTER TABLE reads ADD COLUMN remind_at {int} NOT NULL DEFAULT 0;
CREATE INDEX reads_remind ON reads (remind_at) WHERE remind_at <> 0;

-- reply_minutes: 0 where nothing is expected.
ALTER TABLE groups ADD COLUMN reply_minutes {int} NOT NULL DEFAULT 0;
