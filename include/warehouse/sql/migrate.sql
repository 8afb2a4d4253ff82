-- name: settle
-- What no migration can do once for all: tables that came since, and the owner's role on another server.
SELECT ops.note_changes_of_tables(), ops.settle_owner();
