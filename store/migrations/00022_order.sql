-- Lists are sorted by the rules of the organisation's language. sort_name of people and conversations
-- becomes such a key, see domain.Collation; so do the new columns: first name and city.
-- store/order.go makes the keys of everybody anew.

ALTER TABLE people ADD COLUMN sort_first text NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN sort_city  text NOT NULL DEFAULT '';
{postgres} ALTER TABLE people ALTER COLUMN sort_first TYPE text COLLATE "C", ALTER COLUMN sort_city TYPE text COLLATE "C";
DROP INDEX people_first;
CREATE INDEX people_first ON people (organisation_id, kind, sort_first, no);
CREATE INDEX people_by_city ON people (organisation_id, kind, sort_city, sort_name, no); -- people_city serves the filter
