-- A push subscription belongs to the sign-in that made it, and ends with it. Earlier ones name no
-- sign-in: they go, and the page makes new ones.
DELETE FROM push_subscriptions;
ALTER TABLE push_subscriptions ADD COLUMN session_id text NOT NULL DEFAULT '';
CREATE INDEX push_session ON push_subscriptions (organisation_id, session_id);
