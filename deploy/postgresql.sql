-- One database and two accounts for one store of the platform, with the least rights (SV-16, SV-26).
--
--     for store in accounts audit elections users voters; do psql -X -v ON_ERROR_STOP=1 -v store=$store -f postgresql.sql; done
--
-- as PostgreSQL's superuser, in the database `postgres`: before the first `psephos database upgrade` and again after each one. Everything
-- here can be repeated. PostgreSQL 15 or later.
--
--     psephos_<store>_owner   owns the database and its tables. For `psephos database upgrade` and `psephos keys rotate` alone: a service
--                             never gets it, and it should not be able to sign in from the services' machines.
--     psephos_<store>         the service's. It reads and adds; it changes what is listed below and nothing else. No votes, statuses, leaves
--                             of the log, audit entries, permissions or rolls are changed or deleted with it, whatever the triggers say.
--
-- No password is set here. On one machine use peer authentication; else set one by \password, which sends only its SCRAM hash.

SELECT 'psephos_' || :'store' AS service, 'psephos_' || :'store' || '_owner' AS owner \gset
\if :{?database}
\else
\set database :service
\endif

-- An unknown store stops here, and nothing is made.
SELECT CASE WHEN :'store' IN ('accounts', 'audit', 'elections', 'users', 'voters') THEN 1 ELSE 1 / 0 END AS known \gset

SELECT format('CREATE ROLE %I', name) FROM (VALUES (:'service'), (:'owner')) AS role (name)
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE :"service" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 50;
ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 5;
ALTER ROLE :"service" SET synchronous_commit = 'on';
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE :"service" SET log_parameter_max_length = 0;
ALTER ROLE :"service" SET log_parameter_max_length_on_error = 0;
ALTER ROLE :"service" SET log_error_verbosity = 'terse'; -- the rest would quote keys of rows

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service";

\connect :"database"

REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO :"owner";
GRANT USAGE ON SCHEMA public TO :"service";

-- Whatever was granted before, by hand or by an older version, goes first.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, :"service";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, :"service";
SELECT format('REVOKE ALL (%I) ON %I.%I FROM %I', column_name, table_schema, table_name, :'service')
    FROM information_schema.columns WHERE table_schema = 'public' \gexec
SELECT format('GRANT SELECT%s ON %I TO %I', CASE WHEN tablename = 'alembic_version' THEN '' ELSE ', INSERT' END, tablename, :'service')
    FROM pg_tables WHERE schemaname = 'public' \gexec

-- What else each service does. A row that is locked needs a right to change one of its columns: where a trigger refuses every change, the
-- primary key is named.
SELECT format('GRANT %s ON %I TO %I', granted, name, :'service')
    FROM (VALUES
        ('voters', 'access_method', 'UPDATE (ended, checks, opened, refused)'),
        ('voters', 'log_head', 'UPDATE (size, sealed)'),
        ('voters', 'outbox', 'DELETE'),
        ('voters', 'voter', 'UPDATE (voter_index)'),
        ('voters', 'voting_window', 'UPDATE (opened, closed, abandoned)'),
        ('users', 'person', 'UPDATE (sealed)'),
        ('audit', 'audit_chain', 'UPDATE (name)'),
        ('elections', 'election', 'UPDATE (manifest, quorum, trustees, audit_key, signing_key, state, version)'),
        ('accounts', 'account', 'UPDATE (sealed, password, ended)'),
        ('accounts', 'attempt_count', 'UPDATE (failures, tries, last)'),
        ('accounts', 'challenge', 'UPDATE (challenge, ends), DELETE'),
        ('accounts', 'permission_head', 'UPDATE (size)'),
        ('accounts', 'recovery_code', 'UPDATE (ended)'),
        ('accounts', 'second_factor', 'UPDATE (last_used, confirmed, ended)'),
        ('accounts', 'sign_in_session', 'UPDATE (seen, ended)')
    ) AS wanted (store, name, granted)
    WHERE store = :'store' AND EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = name) \gexec
