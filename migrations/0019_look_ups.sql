-- What the control plane looks people and changes up by.
CREATE INDEX members_login ON tollgate.members (lower(email));
CREATE INDEX audit_log_tenant ON tollgate.audit_log (tenant_id, seq);
