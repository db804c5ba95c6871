"""Hostile SQL for a tenant's transaction: what must be refused, what is let, and what can be seen.

{other} is another account's schema, {stranger} that account, {endpoint} its webhook endpoint;
{mine} is the tenant's own schema, {account} its account, {database} where all of it lies.
"""

from collections.abc import Mapping
from typing import Final

# One statement a line; all are refused for want of a right.
REFUSED: Final[Mapping[str, str]] = {
    "another schema": """
SELECT id FROM {other}.charges
INSERT INTO {other}.consumed_messages (consumer, event_id, at) VALUES ('c', 'e', now())
SELECT schema_to_xml('{other}', true, true, '')
SELECT pg_relation_size('{other}.charges')
SELECT 'platform.outbox'::regclass, * FROM platform.outbox
SELECT * FROM platform.accounts
UPDATE platform.due_work SET owner_role = '{other}'
INSERT INTO platform.public_codes (code, account_id, livemode, object_id) VALUES (1, 2, false, 3)
SET LOCAL row_security = off; SELECT object_id FROM platform.due_work""",
    "names that shadow": """
CREATE TEMPORARY TABLE charges (id text)
CREATE TABLE pg_temp.charges (id text)
CREATE VIEW pg_temp.charges AS SELECT 1 AS id
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'
CREATE OPERATOR pg_temp.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8mi)
CREATE TABLE {mine}.outbox ()
CREATE FUNCTION {mine}.f() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT user'
CREATE TYPE {mine}.text AS ENUM ('a')
CREATE SEQUENCE {mine}.numbers
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE TABLE platform.x ()
CREATE SCHEMA x
CREATE CAST (text AS bigint) WITHOUT FUNCTION""",
    "another role": """
SET LOCAL ROLE pay_owner
SET LOCAL ROLE pay_worker
SET LOCAL ROLE pay_tenant
SET LOCAL ROLE pg_read_all_data
SET LOCAL ROLE postgres
SELECT set_config('role', 'pay_owner', true)
SET SESSION AUTHORIZATION postgres
SELECT set_config('session_authorization', 'pay_owner', true)
GRANT pay_owner TO "{mine}"
GRANT "{mine}" TO "{other}"
ALTER ROLE "{mine}" SUPERUSER
ALTER ROLE pay_app SET search_path = x
CREATE ROLE x
REASSIGN OWNED BY pay_owner TO "{mine}"
SELECT * FROM pg_authid""",
    "files and programs": """
COPY charges TO '/tmp/charges'
COPY charges FROM '/etc/passwd'
COPY charges TO PROGRAM 'id'
COPY charges FROM PROGRAM 'id'
SELECT pg_read_file('/etc/passwd')
SELECT pg_read_binary_file('/etc/passwd')
SELECT pg_ls_dir('/')
SELECT pg_stat_file('/etc/passwd')
SELECT current_setting('data_directory')
SELECT * FROM pg_file_settings
SELECT lo_import('/etc/passwd')
SELECT lo_export(1, '/tmp/x')
SELECT lo_create(0)
SELECT lo_creat(-1)
SELECT lo_from_bytea(0, 'x')
SELECT data FROM pg_largeobject""",
    "foreign code": """
CREATE EXTENSION vector
LOAD 'dblink'
CREATE FOREIGN DATA WRAPPER x
CREATE TRUSTED LANGUAGE x HANDLER plpgsql_call_handler
CREATE FUNCTION {mine}.f() RETURNS int LANGUAGE c AS '/tmp/x.so', 'f'
CREATE EVENT TRIGGER x ON sql_drop EXECUTE FUNCTION platform.refuse_a_wider_key()
CREATE TRIGGER x BEFORE INSERT ON charges EXECUTE FUNCTION platform.refuse_a_wider_key()
CREATE RULE x AS ON INSERT TO charges DO NOTHING
CREATE PUBLICATION x
SELECT platform.refuse_unbalanced_postings()""",
    "our own rules": """
ALTER TABLE charges DROP CONSTRAINT charges_are_sane
ALTER TABLE postings DISABLE TRIGGER ALL
ALTER TABLE platform.outbox DISABLE ROW LEVEL SECURITY
DROP POLICY tenant_rows ON platform.outbox
SET LOCAL session_replication_role = replica
ALTER DATABASE {database} SET search_path = x
DROP TABLE charges
TRUNCATE charges
DELETE FROM charges
REINDEX TABLE charges
LOCK TABLE charges IN ACCESS EXCLUSIVE MODE
LOCK TABLE platform.outbox IN SHARE ROW EXCLUSIVE MODE
SELECT * FROM platform.alembic_version FOR UPDATE""",
    "the server": """
SELECT pg_terminate_backend(pg_backend_pid())
SELECT pg_cancel_backend(pg_backend_pid())
SELECT pg_reload_conf()
SELECT pg_switch_wal()
SELECT pg_stat_reset()
CHECKPOINT
SET LOCAL log_statement = 'all'
SELECT pg_create_logical_replication_slot('x', 'pgoutput')
SELECT pg_advisory_lock(1)
SELECT pg_try_advisory_lock(1, 1)
SELECT * FROM pg_backend_memory_contexts""",
}

# What a role is let do all the same. It ends with the transaction but for what is said here; no
# right, setting or policy of PostgreSQL forbids it.
LET: Final[Mapping[str, str]] = {
    'SET LOCAL ROLE "{other}"': "the login may become any tenant: decision 0010",
    "SELECT set_config('role', '{other}', true)": "the same",
    "RESET ROLE": "the login may be itself; what it reaches is below",
    "SET SESSION AUTHORIZATION DEFAULT": "the same",
    "SELECT set_config('search_path', '{other}, pg_catalog', true)": "names found, rows refused",
    "SELECT set_config('pay.key_lock', 'true', true)": "lies about a lock to itself alone",
    "SET LOCAL statement_timeout = 0": "limits are for our mistakes",
    "SET LOCAL transaction_timeout = 0": "the same; what is idle in one ends after 10 s",
    "DO $$ BEGIN PERFORM 1; END $$": "no more rights than the statements inside",
    'ALTER ROLE "{mine}" SET search_path = x': "read at log-in alone, and this role cannot log in",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC": "of what it makes: nothing",
    "LISTEN x": "outlives the transaction; hears what others notify, and we notify nothing",
    "NOTIFY x": "nobody of ours listens",
    "SELECT pg_try_advisory_xact_lock(1)": "keys in use answer 409 until the transaction ends",
    "DEALLOCATE ALL": "outlives it; the next one fails, and the pool throws its connection away",
    "PREPARE x AS SELECT 1": "outlives it, under a name that we never use",
    "LOCK TABLE charges IN ROW EXCLUSIVE MODE": "its own table, as writing does",
}
# What the login may do of the refused, once RESET ROLE has left the tenant.
LOGIN_LET: Final[Mapping[str, str]] = {
    "SELECT * FROM platform.accounts": "sign-in reads it",
    "ALTER ROLE pay_app SET search_path = x": "stays, and later log-ins begin with it; each"
    " transaction of ours sets its own",
}
# It may end connections of its own, which a test cannot outlive.
LOGIN_ENDS_ITSELF: Final = (
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_cancel_backend(pg_backend_pid())",
)
# Answered with a warning, and nothing is granted.
GRANTS: Final = (
    "GRANT SELECT ON charges TO PUBLIC",
    'GRANT SELECT ON charges TO "{other}"',
    "GRANT USAGE ON SCHEMA {mine} TO PUBLIC",
)
RIGHTS: Final = """
SELECT relacl::text FROM pg_class WHERE relnamespace = '{mine}'::regnamespace
UNION ALL SELECT nspacl::text FROM pg_namespace ORDER BY 1"""
# Catalogues are everybody's to read: names of schemas and roles, which hold account ids, and how
# much is in each table. Never what is in it.
SEEN: Final = (
    "SELECT 1 FROM pg_roles WHERE rolname = '{other}'",
    "SELECT 1 FROM pg_namespace WHERE nspname = '{other}'",
    "SELECT 1 FROM pg_tables WHERE schemaname = '{other}'",
    "SELECT 1 FROM pg_constraint WHERE pg_get_constraintdef(oid) LIKE '%{stranger}%'",
    "SELECT 1 FROM pg_stat_all_tables WHERE schemaname = '{other}' AND n_live_tup IS NOT NULL",
    "SELECT 1 FROM pg_stat_activity WHERE usename = 'pay_app'",
    "SELECT 1 FROM pg_policies WHERE schemaname = 'platform'",
)
NOT_SEEN: Final = (
    "SELECT 1 FROM pg_stats WHERE schemaname = '{other}'",
    "SELECT 1 FROM information_schema.tables WHERE table_schema = '{other}'",
    "SELECT 1 FROM pg_stat_activity WHERE query NOT LIKE '<insufficient%'",
    "SELECT 1 FROM platform.due_work WHERE object_id = '{endpoint}'",
    "SELECT id FROM platform.api_keys WHERE account_id <> '{account}'",
)
