-- Conversations, the inbox, groups of every kind, files, staff to staff, search.
-- As in the first one; a line that begins with "sqlite" in braces is left out of PostgreSQL's.

ALTER TABLE people ADD COLUMN skills    text NOT NULL DEFAULT '[]';
ALTER TABLE people ADD COLUMN address   text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN city      text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN postcode  text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN fields    text NOT NULL DEFAULT '{}';
-- folded family name, a space, folded given name: what lists are sorted by
ALTER TABLE people ADD COLUMN sort_name text NOT NULL DEFAULT '';
-- the words of folded, so that PostgreSQL finds names by an index
{postgres} ALTER TABLE people ADD COLUMN words tsvector GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(folded, ' '), ''))) STORED;
{postgres} CREATE INDEX people_words ON people USING gin (words);
CREATE INDEX people_sorted ON people (organisation_id, kind, sort_name, no);

-- replies and starts: '' = as the organisation says, else open or closed
ALTER TABLE groups ADD COLUMN place   text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN replies text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN starts  text NOT NULL DEFAULT '';

-- '' in a test; see domain.EnrolmentState
ALTER TABLE enrolments ADD COLUMN state    text NOT NULL DEFAULT '';
ALTER TABLE enrolments ADD COLUMN state_at {int} NOT NULL DEFAULT 0;

-- inbound: 1 = written by the candidate. reply_to: offset of the message that it answers.
ALTER TABLE messages ADD COLUMN inbound  {int} NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN reply_to {int} NOT NULL DEFAULT 0;
CREATE INDEX messages_replies ON messages (organisation_id, reply_to) WHERE reply_to <> 0;

-- One row per candidate who was ever written to or wrote. Offsets are 0 for "never".
-- waiting_offset: the oldest message of theirs that nobody has answered or processed.
-- open: 1 = the team has something to process.
CREATE TABLE conversations (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	sort_name       text NOT NULL DEFAULT '',
	last_offset     {int} NOT NULL DEFAULT 0,
	in_offset       {int} NOT NULL DEFAULT 0,
	out_offset      {int} NOT NULL DEFAULT 0,
	waiting_offset  {int} NOT NULL DEFAULT 0,
	archived        {int} NOT NULL DEFAULT 0,
	open            {int} NOT NULL DEFAULT 0,
	processed_at    {int} NOT NULL DEFAULT 0,
	processed_by    text NOT NULL DEFAULT '',
	assigned_no     {int} NOT NULL DEFAULT 0,
	assigned_at     {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, person_no)
){clustered};
CREATE INDEX conversations_last ON conversations (organisation_id, archived, last_offset, person_no);
CREATE INDEX conversations_in ON conversations (organisation_id, archived, in_offset, person_no);
CREATE INDEX conversations_out ON conversations (organisation_id, archived, out_offset, person_no);
CREATE INDEX conversations_name ON conversations (organisation_id, archived, sort_name, person_no);
CREATE INDEX conversations_open ON conversations (organisation_id, archived, open, last_offset, person_no);
CREATE INDEX conversations_waiting ON conversations (organisation_id, archived, waiting_offset, person_no) WHERE waiting_offset <> 0;
CREATE INDEX conversations_assigned ON conversations (organisation_id, assigned_no, last_offset) WHERE assigned_no <> 0;

-- The part of a conversation that belongs to one group ('' = to none): what staff with
-- a limited reach see of it.
CREATE TABLE threads (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	group_id        text NOT NULL,
	last_offset     {int} NOT NULL DEFAULT 0,
	in_offset       {int} NOT NULL DEFAULT 0,
	out_offset      {int} NOT NULL DEFAULT 0,
	waiting_offset  {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, person_no, group_id)
){clustered};
-- all that lists ask of a thread, so that they read nothing else
CREATE INDEX threads_group ON threads (organisation_id, group_id, last_offset, person_no, in_offset, out_offset, waiting_offset);

-- How far a staff member has read a conversation; marked: they want it to look unread.
CREATE TABLE reads (
	organisation_id {int} NOT NULL,
	staff_no        {int} NOT NULL,
	person_no       {int} NOT NULL,
	read_offset     {int} NOT NULL DEFAULT 0,
	marked          {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, staff_no, person_no)
){clustered};

-- What staff alone see in a conversation beside its messages: notes and events. The
-- text stays in the entry. A candidate's queries never name this table.
CREATE TABLE facts (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	"offset"        {int} NOT NULL,
	kind            text NOT NULL,
	group_id        text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, person_no, "offset")
){clustered};

-- "offset" 0: uploaded, not sent yet; -1: still coming in; -2: being removed. Whoever
-- sends it binds it where it is 0. person_no: whose conversation; 0: of a sending to many.
-- uploader: the id of the actor. width 0: no preview. The bytes lie in the blob store
-- under the id, the preview under the id and "-preview".
CREATE TABLE attachments (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	person_no       {int} NOT NULL,
	uploader        text NOT NULL,
	"offset"        {int} NOT NULL DEFAULT 0,
	group_id        text NOT NULL DEFAULT '',
	name            text NOT NULL,
	folded          text NOT NULL,
	type            text NOT NULL,
	size            {int} NOT NULL,
	width           {int} NOT NULL DEFAULT 0,
	height          {int} NOT NULL DEFAULT 0,
	sha256          text NOT NULL,
	created_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE INDEX attachments_person ON attachments (organisation_id, person_no, "offset");
CREATE INDEX attachments_offset ON attachments (organisation_id, "offset") WHERE "offset" <> 0;
CREATE INDEX attachments_unsent ON attachments (created_at) WHERE "offset" <= 0;
CREATE INDEX attachments_uploader ON attachments (organisation_id, uploader) WHERE "offset" <= 0;

-- state: waiting, running, ready, failed, cancelled. blob: where this attempt's .zip lies,
-- '' once it is removed. lease_until: until when the node that works on it is believed to live.
CREATE TABLE exports (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	staff_no        {int} NOT NULL,
	state           text NOT NULL,
	request         text NOT NULL,
	done            {int} NOT NULL DEFAULT 0,
	total           {int} NOT NULL DEFAULT 0,
	size            {int} NOT NULL DEFAULT 0,
	error           text NOT NULL DEFAULT '',
	blob            text NOT NULL DEFAULT '',
	tries           {int} NOT NULL DEFAULT 0,
	created_at      {int} NOT NULL,
	ended_at        {int} NOT NULL DEFAULT 0,
	expires_at      {int} NOT NULL DEFAULT 0,
	lease_until     {int} NOT NULL DEFAULT 0,
	lease_by        text NOT NULL DEFAULT '',
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE INDEX exports_staff ON exports (organisation_id, staff_no, created_at);
CREATE INDEX exports_work ON exports (state, lease_until);

CREATE TABLE unavailabilities (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	person_no       {int} NOT NULL,
	starts_at       {int} NOT NULL,
	ends_at         {int} NOT NULL,
	group_id        text NOT NULL DEFAULT '',
	"offset"        {int} NOT NULL,
	removed_at      {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE INDEX unavailabilities_person ON unavailabilities (organisation_id, person_no, starts_at);

CREATE TABLE canned_replies (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	owner_no        {int} NOT NULL DEFAULT 0,
	title           text NOT NULL,
	shortcut        text NOT NULL DEFAULT '',
	subject         text NOT NULL DEFAULT '',
	body            text NOT NULL,
	updated_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};

-- A staff member's own saved filters and settings of the pages: no journal.
CREATE TABLE saved_views (
	organisation_id {int} NOT NULL,
	id              text NOT NULL,
	staff_no        {int} NOT NULL,
	name            text NOT NULL,
	query           text NOT NULL,
	created_at      {int} NOT NULL,
	PRIMARY KEY (organisation_id, id)
){strict};
CREATE INDEX saved_views_staff ON saved_views (organisation_id, staff_no);

CREATE TABLE preferences (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	name            text NOT NULL,
	value           text NOT NULL,
	PRIMARY KEY (organisation_id, person_no, name)
){clustered};

-- Staff to staff. thread: 'group:<id>' or 'direct:<no>:<no>'. The text stays in the entry.
CREATE TABLE team_threads (
	organisation_id {int} NOT NULL,
	thread          text NOT NULL,
	last_offset     {int} NOT NULL,
	PRIMARY KEY (organisation_id, thread)
){clustered};

CREATE TABLE team_messages (
	organisation_id {int} NOT NULL,
	thread          text NOT NULL,
	"offset"        {int} NOT NULL,
	PRIMARY KEY (organisation_id, thread, "offset")
){clustered};

CREATE TABLE team_members (
	organisation_id {int} NOT NULL,
	person_no       {int} NOT NULL,
	thread          text NOT NULL,
	read_offset     {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation_id, person_no, thread)
){clustered};

-- What is searched: the words of a text as domain.SearchWords makes them, so that both databases agree about accents and
-- where words end. person_no 0: a sending to many, whose people are in messages. kind: message, note. SQLite's index
-- has no copy of the words; its row is named by organisation and offset, so that the newest of one organisation come first.
CREATE TABLE search_texts (
	organisation_id {int} NOT NULL,
	"offset"        {int} NOT NULL,
	person_no       {int} NOT NULL,
	group_id        text NOT NULL,
	kind            text NOT NULL,
	words           text NOT NULL,
	PRIMARY KEY (organisation_id, "offset", person_no)
){clustered};
{postgres} ALTER TABLE search_texts ADD COLUMN vector tsvector GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(words, ' '), ''))) STORED;
{postgres} CREATE INDEX search_texts_vector ON search_texts USING gin (vector);
{sqlite} CREATE VIRTUAL TABLE search_words USING fts5 (words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0');
{sqlite} CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN INSERT OR REPLACE INTO search_words (rowid, words) VALUES ((new.organisation_id << 40) + new."offset", new.words); END;
{sqlite} CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN DELETE FROM search_words WHERE rowid = (old.organisation_id << 40) + old."offset"; END;

-- Notes that mention a staff member: what the page counts until they have looked.
CREATE TABLE mentions (
	organisation_id {int} NOT NULL,
	staff_no        {int} NOT NULL,
	"offset"        {int} NOT NULL,
	person_no       {int} NOT NULL,
	PRIMARY KEY (organisation_id, staff_no, "offset")
){clustered};
