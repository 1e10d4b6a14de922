-- Rooms and seats get their normal form (see domain.CleanPlace); backfill_rooms.go does it, because
-- neither database can.
SELECT 1;
