-- The first schema, for both databases. Words in braces become each one's own (dialect.go); a line that begins with
-- "postgres" in braces is left out of SQLite's.
-- Times are microseconds UTC, 0 = none. Ids and lists are text. "offset" is a place in the organisation's journal.

CREATE TABLE meta (
	key   text PRIMARY KEY,
	value text NOT NULL
){strict};

CREATE TABLE organisations (
	id         {id},
	slug       text NOT NULL UNIQUE,
	name       text NOT NULL,
	settings   text NOT NULL DEFAULT '{}',
	created_at {int} NOT NULL
){strict};

-- The row that every writing transaction takes first: it orders them and allocates offsets and person numbers.
CREATE TABLE journals (
	organisation_id {int} PRIMARY KEY REFERENCES organisations (id),
	head            {int} NOT NULL DEFAULT 0,
	people_head     {int} NOT NULL DEFAULT 0
){strict};

-- How far messages have been made of broadcasts. A row of its own, so that this never makes an append wait.
CREATE TABLE expansions (
	organisation_id {int} PRIMARY KEY REFERENCES organisations (id),
	expanded        {int} NOT NULL DEFAULT 0
){strict};

CREATE TABLE entries (
	organisation_id {int} NOT NULL,
	"offset"        {int} NOT NULL,
	kind            text NOT NULL,
	at              {int} NOT NULL,
	actor_kind      text NOT NULL,
	actor_id        text NOT NULL,
	actor_name      text NOT NULL,
	actor_role      text NOT NULL,
	group_id        text NOT NULL,
	payload         text NOT NULL,
	audience        text NOT NULL,
	request_key     text NOT NULL,
	request_hash    {bytes} NOT NULL,
	prev_hash       {bytes} NOT NULL,
	hash            {bytes} NOT NULL,
	actor_salt      {bytes} NOT NULL,
	payload_salt    {bytes} NOT NULL,
	audience_salt   {bytes} NOT NULL,
	PRIMARY KEY (organisation_id, "offset")
){strict};
-- A list of numbers hardly compresses: do not spend the sender's time on trying.
{postgres} ALTER TABLE entries ALTER COLUMN audience SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX entries_request ON entries (organisation_id, actor_id, request_key) WHERE request_key <> '';
CREATE INDEX entries_broadcasts ON entries (organisation_id, group_id, "offset") WHERE kind = 'broadcast.sent';
CREATE INDEX entries_expandable ON entries (organisation_id, "offset") WHERE kind = 'broadcast.sent';

CREATE TABLE messages (
	organisation_id {int} NOT NULL,
	"offset"        {int} NOT NULL,
	person_no       {int} NOT NULL,
	group_id        text NOT NULL,
	room            text NOT NULL,
	delivered_at    {int} NOT NULL DEFAULT 0,
	displayed_at    {int} NOT NULL DEFAULT 0,
	acknowledged_at {int} NOT NULL DEFAULT 0,
	told_at         {int} NOT NULL DEFAULT 0,
	told_by         text NOT NULL DEFAULT '',
	told_note       text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, "offset", person_no)
){clustered};
CREATE INDEX messages_person ON messages (organisation_id, person_no, "offset");

CREATE TABLE people (
	organisation_id {int} NOT NULL REFERENCES organisations (id),
	no              {int} NOT NULL,
	id              text NOT NULL,
	kind            text NOT NULL,
	role            text NOT NULL,
	external_id     text NOT NULL DEFAULT '',
	login           text NOT NULL DEFAULT '',
	password_hash   text NOT NULL DEFAULT '',
	given_name      text NOT NULL DEFAULT '',
	family_name     text NOT NULL DEFAULT '',
	folded          text NOT NULL DEFAULT '',
	email           text NOT NULL DEFAULT '',
	phone           text NOT NULL DEFAULT '',
	locale          text NOT NULL DEFAULT '',
	tags            text NOT NULL DEFAULT '[]',
	state           text NOT NULL DEFAULT 'active',
	created_at      {int} NOT NULL,
	updated_at      {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, no)
){strict};
CREATE UNIQUE INDEX people_id ON people (organisation_id, id);
CREATE UNIQUE INDEX people_external ON people (organisation_id, external_id) WHERE external_id <> '';
CREATE UNIQUE INDEX people_login ON people (organisation_id, login) WHERE login <> '';

CREATE TABLE groups (
	organisation_id {int} NOT NULL REFERENCES organisations (id),
	id              text NOT NULL,
	kind            text NOT NULL,
	external_id     text NOT NULL DEFAULT '',
	name            text NOT NULL,
	starts_at       {int} NOT NULL DEFAULT 0,
	ends_at         {int} NOT NULL DEFAULT 0,
	state           text NOT NULL DEFAULT '',
	created_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX groups_external ON groups (organisation_id, kind, external_id) WHERE external_id <> '';

CREATE TABLE enrolments (
	organisation_id {int} NOT NULL,
	group_id        text NOT NULL,
	person_no       {int} NOT NULL,
	progress        text NOT NULL DEFAULT 'not_started',
	progress_at     {int} NOT NULL DEFAULT 0,
	room            text NOT NULL DEFAULT '',
	seat            text NOT NULL DEFAULT '',
	extra_minutes   {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, group_id, person_no),
	FOREIGN KEY (organisation_id, group_id) REFERENCES groups (organisation_id, id),
	FOREIGN KEY (organisation_id, person_no) REFERENCES people (organisation_id, no)
){strict};
CREATE INDEX enrolments_person ON enrolments (organisation_id, person_no);
-- "Send to all" reads who sits where from this alone.
CREATE INDEX enrolments_room ON enrolments (organisation_id, group_id, room, person_no);

-- room '' = all rooms of that test
CREATE TABLE staff_scopes (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	group_id        text NOT NULL,
	room            text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, person_no, group_id, room)
){strict};

-- token_hash: SHA-256 of the secret, which is kept nowhere. id: public, names the login.
CREATE TABLE sessions (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	person_no       {int} NOT NULL,
	token_hash      {bytes} NOT NULL,
	created_at      {int} NOT NULL,
	expires_at      {int} NOT NULL,
	seen_at         {int} NOT NULL DEFAULT 0,
	user_agent      text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
CREATE INDEX sessions_person ON sessions (organisation_id, person_no);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- token_hash in hexadecimal: thousands are made by one statement, from JSON.
CREATE TABLE tickets (
	organisation_id {int} NOT NULL,
	token_hash      text NOT NULL,
	person_no       {int} NOT NULL,
	session_id      text NOT NULL DEFAULT '',
	api_key_id      text NOT NULL DEFAULT '',
	created_at      {int} NOT NULL,
	expires_at      {int} NOT NULL,
	used_at         {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (token_hash)
){strict};
CREATE INDEX tickets_expiry ON tickets (expires_at);

CREATE TABLE api_keys (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	name            text NOT NULL,
	secret_hash     {bytes} NOT NULL,
	created_at      {int} NOT NULL,
	used_at         {int} NOT NULL DEFAULT 0,
	revoked_at      {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);

-- One row per login that is being tried, for the limit of attempts. A correct password removes it.
CREATE TABLE sign_in_attempts (
	organisation_id {int} NOT NULL,
	login           text NOT NULL,
	since           {int} NOT NULL,
	attempts        {int} NOT NULL,
	PRIMARY KEY (organisation_id, login)
){strict};
CREATE INDEX sign_in_attempts_since ON sign_in_attempts (since);
