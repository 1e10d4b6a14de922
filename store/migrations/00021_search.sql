-- Search finds more: scripts without spaces, letters that are written for each other, numbers in groups, emoji.
-- store/reindex.go makes the words of everything that was stored before anew, and tidies identity texts.

{sqlite} DROP TRIGGER search_texts_added;
{sqlite} DROP TRIGGER search_texts_removed;
{sqlite} DROP TABLE search_words;
{sqlite} CREATE VIRTUAL TABLE search_words USING fts5 (words, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* S* Co'");
{sqlite} CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN INSERT OR REPLACE INTO search_words (rowid, words) VALUES ((new.organisation_id << 40) + new."offset", new.words); END;
{sqlite} CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN DELETE FROM search_words WHERE rowid = (old.organisation_id << 40) + old."offset"; END;

-- Numbers that held invisible characters are normalised anew.
DELETE FROM meta WHERE key = 'phones_numbered';
