-- What an API key may do, until when, and from where.

-- rights and addresses: JSON lists. A key from before has every right, as it had then. expires_at: 0 = never.
-- sender_name: the name that candidates see.
ALTER TABLE api_keys ADD COLUMN rights      text NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN addresses   text NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN expires_at  {int} NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN sender_name text NOT NULL DEFAULT '';
UPDATE api_keys SET rights = '["provision","staff","tickets","send","read","settings","sessions"]',
	sender_name = (SELECT o.name FROM organisations o WHERE o.id = api_keys.organisation_id);
CREATE INDEX api_keys_expiry ON api_keys (expires_at) WHERE expires_at <> 0 AND revoked_at = 0;

-- made_in: offset of the entry that records who made the ticket; 0 = its own person.
ALTER TABLE tickets ADD COLUMN made_in {int} NOT NULL DEFAULT 0;

-- Offset of the entry that records the ticket through which a message reached this state; 0 = no such ticket.
ALTER TABLE messages ADD COLUMN delivered_by    {int} NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN displayed_by    {int} NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN acknowledged_by {int} NOT NULL DEFAULT 0;
