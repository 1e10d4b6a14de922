-- Copies by email, SMS and push, and what comes back by email and SMS.

-- phone_e164: phone, normalised; '' if it is none. email_state: '', or bounced. time_zone, quiet_from and quiet_to
-- (minutes of the day, -1 = the organisation's) say when copies wait.
ALTER TABLE people ADD COLUMN phone_e164  text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN email_state text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN time_zone   text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN quiet_from  {int} NOT NULL DEFAULT -1;
ALTER TABLE people ADD COLUMN quiet_to    {int} NOT NULL DEFAULT -1;
CREATE INDEX people_phone ON people (organisation_id, phone_e164) WHERE phone_e164 <> '';
CREATE INDEX people_email ON people (organisation_id, email) WHERE email <> '';

-- The channels that staff last chose in a conversation: a JSON list of email, sms.
ALTER TABLE conversations ADD COLUMN channels text NOT NULL DEFAULT '[]';

-- One copy of one message to one person by one channel. kind: message, or of the server's own mails:
-- notify (to staff, of replies), export. "offset" 0 for those. state: waiting, sending, sent, delivered, failed, suppressed, cancelled.
-- only_unread: 1 = an escalation, cancelled once the message was read. fence: counts the claims; who reports with an old
-- one is not heard. sent_at: when a provider took it. reason: a code of domain.ChannelReason or of the failure; detail: the provider's words.
CREATE TABLE deliveries (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	kind            text NOT NULL DEFAULT 'message',
	"offset"        {int} NOT NULL DEFAULT 0,
	person_no       {int} NOT NULL,
	channel         text NOT NULL,
	address         text NOT NULL DEFAULT '',
	payload         text NOT NULL DEFAULT '{}',
	state           text NOT NULL DEFAULT 'waiting',
	only_unread     {int} NOT NULL DEFAULT 0,
	due_at          {int} NOT NULL,
	expires_at      {int} NOT NULL DEFAULT 0,
	attempts        {int} NOT NULL DEFAULT 0,
	fence           {int} NOT NULL DEFAULT 0,
	lease_until     {int} NOT NULL DEFAULT 0,
	provider        text NOT NULL DEFAULT '',
	provider_id     text NOT NULL DEFAULT '',
	parts           {int} NOT NULL DEFAULT 0,
	sent_at         {int} NOT NULL DEFAULT 0,
	reason          text NOT NULL DEFAULT '',
	detail          text NOT NULL DEFAULT '',
	created_at      {int} NOT NULL,
	changed_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX deliveries_once ON deliveries (organisation_id, "offset", person_no, channel) WHERE "offset" <> 0;
-- What is claimed, by time: of every organisation, since a node works for all.
CREATE INDEX deliveries_due ON deliveries (channel, due_at, organisation_id) WHERE state = 'waiting';
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_provider ON deliveries (provider, provider_id) WHERE provider_id <> '';
CREATE INDEX deliveries_person ON deliveries (organisation_id, person_no, "offset");
CREATE INDEX deliveries_state ON deliveries (organisation_id, state, id);
-- What an organisation's caps count.
CREATE INDEX deliveries_sent ON deliveries (organisation_id, channel, sent_at) WHERE sent_at <> 0;

-- outcome: accepted, temporary, permanent, provider (its fault, not the address's), lost (the worker died), delivered, bounced.
CREATE TABLE delivery_attempts (
	organisation_id {int} NOT NULL,
	delivery_id     text NOT NULL,
	n               {int} NOT NULL,
	at              {int} NOT NULL,
	outcome         text NOT NULL,
	code            text NOT NULL DEFAULT '',
	detail          text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, delivery_id, n)
){clustered};

-- The proof of each change of a consent; the newest counts. state: in, out. source: staff, person, sms, provisioning.
CREATE TABLE consents (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	channel         text NOT NULL,
	at              {int} NOT NULL,
	state           text NOT NULL,
	source          text NOT NULL,
	words           text NOT NULL,
	by_name         text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, person_no, channel, at)
){clustered};

-- What came in. dedupe: the provider's or the mail's own id; each is stored once. state: matched, unmatched, assigned, discarded.
-- raw: where the original lies in the blob store. "offset": of the message that it became.
CREATE TABLE inbound (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	channel         text NOT NULL,
	dedupe          text NOT NULL,
	sender          text NOT NULL,
	recipient       text NOT NULL,
	subject         text NOT NULL DEFAULT '',
	body            text NOT NULL DEFAULT '',
	raw             text NOT NULL DEFAULT '',
	files           text NOT NULL DEFAULT '[]',
	state           text NOT NULL,
	why             text NOT NULL DEFAULT '',
	person_no       {int} NOT NULL DEFAULT 0,
	"offset"        {int} NOT NULL DEFAULT 0,
	received_at     {int} NOT NULL,
	handled_at      {int} NOT NULL DEFAULT 0,
	handled_by      text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX inbound_once ON inbound (organisation_id, channel, dedupe);
CREATE INDEX inbound_waiting ON inbound (organisation_id, received_at) WHERE state = 'unmatched';
CREATE INDEX inbound_person ON inbound (organisation_id, person_no, received_at) WHERE person_no <> 0;

-- A browser that takes pushes.
CREATE TABLE push_subscriptions (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	person_no       {int} NOT NULL,
	endpoint        text NOT NULL,
	keys            text NOT NULL,
	created_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX push_endpoint ON push_subscriptions (organisation_id, endpoint);
CREATE INDEX push_person ON push_subscriptions (organisation_id, person_no);

-- What the embedded default would have sent, as it would have gone out.
CREATE TABLE outbox (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	delivery_id     text NOT NULL,
	channel         text NOT NULL,
	person_no       {int} NOT NULL,
	sender          text NOT NULL,
	recipient       text NOT NULL,
	subject         text NOT NULL DEFAULT '',
	content         text NOT NULL,
	html            text NOT NULL DEFAULT '',
	raw             text NOT NULL DEFAULT '',
	at              {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE INDEX outbox_newest ON outbox (organisation_id, at);
