-- What lists of people and conversations are filtered by. PostgreSQL finds tags, skills and fields by an index; SQLite, for
-- one machine, reads people through.
{postgres} CREATE INDEX people_tags   ON people USING gin ((CAST(tags AS jsonb)) jsonb_path_ops);
{postgres} CREATE INDEX people_skills ON people USING gin ((CAST(skills AS jsonb)) jsonb_path_ops);
{postgres} CREATE INDEX people_fields ON people USING gin ((CAST(fields AS jsonb)) jsonb_path_ops);
-- by its bytes on both databases: a postcode's beginning is a range
{postgres} ALTER TABLE people ALTER COLUMN postcode TYPE text COLLATE "C";
CREATE INDEX people_postcode ON people (organisation_id, kind, postcode, no);

-- What staff have marked as unread.
CREATE INDEX reads_marked ON reads (organisation_id, staff_no, person_no) WHERE marked <> 0;
