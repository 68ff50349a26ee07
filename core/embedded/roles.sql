-- Rights of the three roles; may be run again. The embedded server runs it in template1 and `tessera`.
-- On a server of your own, as a superuser: run it in template1, give the roles a password, then
-- CREATE DATABASE tessera OWNER tessera_owner.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_owner') THEN
        CREATE ROLE tessera_owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_app') THEN
        CREATE ROLE tessera_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_qa') THEN
        CREATE ROLE tessera_qa LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END
$$;
-- Reads the views of schema qa over all agencies, and changes nothing.
ALTER ROLE tessera_qa SET tessera.system = 'on';
ALTER ROLE tessera_qa SET default_transaction_read_only = on;
GRANT pg_signal_backend TO tessera_owner;  -- to drop a test database that is still in use

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- Ledgers and audit are kept from being rewritten by triggers, whoever writes.
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE ON SCHEMAS TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE ON SEQUENCES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT EXECUTE ON FUNCTIONS TO tessera_app;
