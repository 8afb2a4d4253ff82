-- name: set_state
-- Switch an account. With `since` only where nobody switched it meanwhile: a person's decision outlives that of a running pull.
-- An account that becomes active begins anew: what was held against it is forgotten.
UPDATE fleet.integration
SET
    state = :state, reason = CAST(:reason AS text), state_set_at = :now, next_due_at = :now, quiet_visits = 0,
    troubled_at = CASE WHEN :state <> 'active' THEN troubled_at END,
    refused_at = CASE WHEN :state <> 'active' THEN refused_at END,
    refused_log_ins = CASE WHEN :state <> 'active' THEN refused_log_ins ELSE 0 END
WHERE integration_id = :integration_id AND (CAST(:since AS timestamptz) IS NULL OR state_set_at = :since);

-- name: note_answer
-- The vendor answered: a vendor that is silent altogether is no reason to give a request up. Figures end what was held against it.
UPDATE fleet.integration
SET
    last_answer_at = :now, refused_log_ins = 0,
    figures_at = CASE WHEN :has_figures THEN CAST(:now AS timestamptz) ELSE figures_at END,
    troubled_at = CASE WHEN NOT :has_figures THEN troubled_at END,
    refused_at = CASE WHEN NOT :has_figures THEN refused_at END
WHERE integration_id = :integration_id;

-- name: note_setback
-- A request brought nothing. A refusal counts from the first on; a limit says that the account as such is let in.
UPDATE fleet.integration
SET
    last_reason = :reason, last_reason_at = :now, troubled_at = coalesce(troubled_at, :now),
    refused_at = CASE :kind WHEN 'refusal' THEN coalesce(refused_at, :now) WHEN 'limit' THEN NULL ELSE refused_at END
WHERE integration_id = :integration_id;

-- name: count_refused_log_in
-- One more log-in in a row that was refused without a reason that is known.
UPDATE fleet.integration SET refused_log_ins = refused_log_ins + 1 WHERE integration_id = :integration_id RETURNING refused_log_ins;

-- name: read_state
-- What is held against an account.
SELECT state, state_set_at, troubled_at, refused_at, last_reason, quiet_visits FROM fleet.integration WHERE integration_id = :integration_id;

-- name: count_quiet_visit
-- An account that needs attention was asked in vain once more.
UPDATE fleet.integration SET quiet_visits = quiet_visits + 1 WHERE integration_id = :integration_id;
