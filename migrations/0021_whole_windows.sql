-- A budget counts its window whole: what a key or a project was charged in it before it had one is spent already. Asked
-- for when a budget is set; a later window begins with its first lease. Takes the row of budgets alone, and last.
CREATE FUNCTION tollgate.budget_begin(p_scope text, p_scope_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    INSERT INTO budgets (scope, scope_id, window_start, tenant_id, limit_pico, spent_pico)
    SELECT p_scope, p_scope_id, w.start, o.tenant_id, o.budget_pico,
           CASE p_scope
           WHEN 'key' THEN coalesce((SELECT sum(h.charge_pico) FROM usage_hourly h
                                      WHERE h.key_id = p_scope_id AND h.hour >= w.start), 0)
           ELSE coalesce((SELECT sum(h.charge_pico) FROM usage_hourly h
                           WHERE h.tenant_id = o.tenant_id AND h.project_id = p_scope_id AND h.hour >= w.start), 0)
           END
      FROM (SELECT k.tenant_id, k.budget_pico, k.budget_window FROM api_keys k
             WHERE p_scope = 'key' AND k.key_id = p_scope_id
            UNION ALL
            SELECT p.tenant_id, p.budget_pico, p.budget_window FROM projects p
             WHERE p_scope = 'project' AND p.project_id = p_scope_id) o
     CROSS JOIN LATERAL (SELECT CASE o.budget_window WHEN 'total' THEN timestamptz '-infinity'
                                ELSE date_trunc(o.budget_window, now(), 'UTC') END AS start) w
     WHERE o.budget_window IS NOT NULL AND (is_operator() OR o.tenant_id = current_tenant())
    ON CONFLICT (scope, scope_id, window_start) DO UPDATE
       SET limit_pico = excluded.limit_pico, spent_pico = greatest(budgets.spent_pico, excluded.spent_pico)
$$;
REVOKE ALL ON FUNCTION tollgate.budget_begin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tollgate.budget_begin TO tollgate_control;
