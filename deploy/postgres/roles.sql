-- The four roles of Tollgate, run by a superuser or a role with CREATEROLE before the first migration.
-- psql variables: bypass (BYPASSRLS where the runner may give it, else nothing) and one password per role.
-- What each role may do is granted by the migrations; here they only come into being.
-- Run again it sets the passwords anew and changes nothing else.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['tollgate_owner', 'tollgate_gateway', 'tollgate_billing', 'tollgate_control']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE tollgate_owner PASSWORD :'owner';
ALTER ROLE tollgate_gateway PASSWORD :'gateway';
ALTER ROLE tollgate_billing PASSWORD :'billing' :bypass;
ALTER ROLE tollgate_control PASSWORD :'control';
