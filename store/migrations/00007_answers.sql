-- What came in, and what decides about copies. A delivery may also be of the kind answer, to who wrote.

-- In how many groups a person is, and is active, decides about every copy: with the state in it the index answers alone. Without, SQLite, which
-- guesses, reads all enrolments of the organisation for each person.
DROP INDEX enrolments_person;
CREATE INDEX enrolments_person ON enrolments (organisation_id, person_no, state);

-- '' or who of the staff typed it on the Outbox page, as JSON. raw is '' once the original is kept no longer.
ALTER TABLE inbound ADD COLUMN trial text NOT NULL DEFAULT '';
CREATE INDEX inbound_message ON inbound (organisation_id, "offset") WHERE "offset" <> 0;
-- Originals, by age: of every organisation.
CREATE INDEX inbound_originals ON inbound (received_at) WHERE raw <> '' AND state <> 'unmatched';
