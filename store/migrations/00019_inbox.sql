-- The inbox: which copies staff chose for a person, as against the organisation's default.

-- channels: '' while nobody has chosen for the person, so that the organisation's default holds; else a JSON list. Lists
-- of nothing were written for everybody until now.
UPDATE conversations SET channels = '' WHERE channels = '[]';
