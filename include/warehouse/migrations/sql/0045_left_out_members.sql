-- Plants and devices that an account leaves out, as its tenant may read them.
CREATE POLICY api_reads_one_tenant ON ops.refused_member FOR SELECT TO heliograph_api
    USING (integration_id IN (SELECT i.integration_id FROM fleet.integration AS i));
GRANT SELECT (integration_id, interface, member_key, reason, times, first_refused_at, last_refused_at, again_at)
    ON ops.refused_member TO heliograph_api;

CREATE VIEW api.account_left_out WITH (security_invoker = true) AS
    SELECT
        integration_id AS account_id, interface, member_key AS member, reason, times, first_refused_at AS since, last_refused_at AS last_at,
        again_at
    FROM ops.refused_member;
COMMENT ON VIEW api.account_left_out IS 'plants and devices that a vendor refuses an account on an interface, by the vendor''s key';
GRANT SELECT ON api.account_left_out TO heliograph_api;

SELECT ops.note_changes_with('ops.refused_member', 'ops.note_change_by_integration');
