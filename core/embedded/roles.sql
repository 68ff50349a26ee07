-- Run by a superuser in template1 of a new cluster, so that every database made later has it.
-- On a server of your own: run it in the database `tessera` after `CREATE DATABASE tessera`, give both
-- roles passwords, and make tessera_owner the owner of the database.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_owner') THEN
        CREATE ROLE tessera_owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tessera_app') THEN
        CREATE ROLE tessera_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- Tables that may not be written freely (ledgers, audit) take rights back in their migration.
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE ON SCHEMAS TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT USAGE ON SEQUENCES TO tessera_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tessera_owner GRANT EXECUTE ON FUNCTIONS TO tessera_app;
