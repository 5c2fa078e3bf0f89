-- Runs as {prefix}_owner. Roles exist already (sigma migrate makes them before the first migration).

SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('sigma.tenant_id', true), '')::uuid $$;

-- Proves at start that the master key is this database's.
CREATE TABLE installation (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key_check  bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Tenants, their keys, and who may call -------------------------------------------------------------------------------

CREATE TABLE tenants (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL CHECK (name <> ''),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- Keys may exist before their tenant: a webhook that is signed for a tenant still to be created is kept, sealed.
CREATE TABLE tenant_keys (
    tenant_id   uuid NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('index', 'data', 'raw')),
    day         date NOT NULL DEFAULT '-infinity',
    version     integer NOT NULL DEFAULT 1,
    wrapped     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, purpose, day, version)
);
COMMENT ON TABLE tenant_keys IS 'Keys of a tenant, each wrapped by the master key. purpose raw: one per day, destroyed with the retention window.';

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id    uuid REFERENCES tenants (id) ON DELETE CASCADE,
    role         text NOT NULL CHECK (role IN ('INSTALLATION', 'OWNER', 'ADMIN', 'AGENT', 'ANALYST')),
    name         text NOT NULL,
    prefix       text NOT NULL,
    secret_hash  bytea NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CHECK ((role = 'INSTALLATION') = (tenant_id IS NULL))
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

CREATE TABLE audit_entries (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL,
    action      text NOT NULL,
    target      text,
    details     jsonb,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, at DESC);

-- Workspaces ----------------------------------------------------------------------------------------------------------

CREATE TABLE workspaces (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id   uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name        text NOT NULL CHECK (name <> ''),
    platform    smallint NOT NULL CHECK (platform BETWEEN 0 AND 5),
    external_id text NOT NULL CHECK (external_id <> ''),
    is_active   boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, platform, external_id),
    UNIQUE (tenant_id, id)
);
CREATE INDEX workspaces_by_address ON workspaces (platform, external_id);
COMMENT ON COLUMN workspaces.platform IS '0 SLACK, 1 DISCORD, 2 TELEGRAM, 3 YOUTUBE, 4 TEAMS, 5 WHATS_APP';
COMMENT ON COLUMN workspaces.external_id IS 'What the platform calls this address; WhatsApp: the phone number id';

-- The journal ---------------------------------------------------------------------------------------------------------

CREATE TABLE webhook_events (
    tenant_id       uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    id              uuid NOT NULL,
    platform        smallint NOT NULL,
    outcome         text NOT NULL DEFAULT 'PENDING'
                    CHECK (outcome IN ('PENDING', 'STORED', 'DUPLICATE', 'EMPTY', 'REFUSED', 'UNROUTED', 'DEAD')),
    status_code     smallint NOT NULL DEFAULT 200,
    error_message   text,
    attempts        smallint NOT NULL DEFAULT 0,
    projected_at    timestamptz,
    items_stored    integer NOT NULL DEFAULT 0,
    items_duplicate integer NOT NULL DEFAULT 0,
    items_refused   integer NOT NULL DEFAULT 0,
    items_unrouted  integer NOT NULL DEFAULT 0,
    items_dead      integer NOT NULL DEFAULT 0,
    unrouted_ids    text[],
    raw             bytea NOT NULL,
    PRIMARY KEY (tenant_id, created_at, id)
) PARTITION BY RANGE (created_at);
CREATE INDEX webhook_events_waiting ON webhook_events (tenant_id, created_at) WHERE outcome IN ('UNROUTED', 'REFUSED', 'DEAD');
COMMENT ON TABLE webhook_events IS 'One row per POST as received. raw is sealed with the tenant''s key of that day; partitions are dropped after the retention window.';
COMMENT ON COLUMN webhook_events.status_code IS 'What the platform was answered';

-- What is still to be projected: a narrow table, so that the journal is never scanned for it.
CREATE TABLE webhook_queue (
    tenant_id   uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    PRIMARY KEY (tenant_id, created_at, event_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Contacts and conversations ------------------------------------------------------------------------------------------

CREATE TABLE contacts (
    tenant_id       uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    display_name    text,
    display_name_at timestamptz,
    username        text,
    username_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE contact_addresses (
    tenant_id    uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('phone', 'user_id', 'parent_user_id')),
    hash         bytea NOT NULL,
    contact_id   uuid NOT NULL,
    sealed       bytea,
    sealed_day   date,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, kind, hash),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_addresses_by_contact ON contact_addresses (tenant_id, contact_id);
COMMENT ON COLUMN contact_addresses.hash IS 'HMAC-SHA256 of the address under the tenant''s index key';
COMMENT ON COLUMN contact_addresses.sealed IS 'The address itself, sealed with the raw key of sealed_day: it dies with that day''s raw payloads';

-- What was joined, so that it can be shown and undone.
CREATE TABLE contact_merges (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT gen_random_uuid(),
    kept_id     uuid NOT NULL,
    merged_id   uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE conversations (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,
    workspace_id    uuid NOT NULL,
    contact_id      uuid NOT NULL,
    last_message_at timestamptz,
    last_inbound_at timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, workspace_id, contact_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX conversations_by_activity ON conversations (tenant_id, workspace_id, last_message_at DESC, id DESC);
CREATE INDEX conversations_by_contact ON conversations (tenant_id, contact_id);
COMMENT ON COLUMN conversations.last_inbound_at IS 'The customer service window closes 24 hours later';

-- Messages ------------------------------------------------------------------------------------------------------------

CREATE TABLE messages (
    tenant_id           uuid NOT NULL,
    id                  uuid NOT NULL DEFAULT gen_random_uuid(),
    workspace_id        uuid NOT NULL,
    conversation_id     uuid,
    contact_id          uuid,
    platform            smallint NOT NULL,
    platform_message_id text NOT NULL,
    direction           text NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),
    kind                text NOT NULL,
    sender              jsonb NOT NULL,
    text                text,
    timestamp_utc       timestamptz NOT NULL,
    media               jsonb,
    interactive         jsonb,
    content             jsonb,
    sealed_content      bytea,
    reply_to            text,
    context             jsonb,
    referral            jsonb,
    group_id            text,
    is_imported         boolean NOT NULL DEFAULT false,
    original_text       text,
    edited_at           timestamptz,
    edit_id             text,
    deleted_at          timestamptz,
    status              text,
    status_rank         smallint NOT NULL DEFAULT 0,
    status_at           timestamptz,
    sent_at             timestamptz,
    delivered_at        timestamptz,
    read_at             timestamptz,
    played_at           timestamptz,
    failed_at           timestamptz,
    errors              jsonb,
    pricing             jsonb,
    platform_conversation jsonb,
    webhook_event_id    uuid,
    webhook_event_at    timestamptz,
    webhook_path        text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, workspace_id, platform_message_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX messages_by_time ON messages (tenant_id, workspace_id, timestamp_utc DESC, id DESC);
CREATE INDEX messages_by_conversation ON messages (tenant_id, conversation_id, timestamp_utc DESC, id DESC);
CREATE INDEX messages_by_contact ON messages (tenant_id, contact_id, timestamp_utc DESC, id DESC);
COMMENT ON COLUMN messages.sender IS '{"displayName": …, "platformUserId": the hashed address}';
COMMENT ON COLUMN messages.sealed_content IS 'Contact cards: they hold numbers of third people, so they are sealed with the tenant''s data key';
COMMENT ON COLUMN messages.webhook_event_id IS 'With webhook_event_at and webhook_path: where the message stands in the journal';

-- What the platform reported of our messages. A receipt that is early simply waits here for its message.
CREATE TABLE receipts (
    tenant_id           uuid NOT NULL,
    workspace_id        uuid NOT NULL,
    platform_message_id text NOT NULL,
    status              text NOT NULL,
    recipient           text NOT NULL DEFAULT '',
    at                  timestamptz NOT NULL,
    errors              jsonb,
    pricing             jsonb,
    platform_conversation jsonb,
    callback_data       text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, workspace_id, platform_message_id, status, recipient),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE reactions (
    tenant_id           uuid NOT NULL,
    workspace_id        uuid NOT NULL,
    target_message_id   text NOT NULL,
    reactor             text NOT NULL,
    direction           text NOT NULL,
    contact_id          uuid,
    emoji               text,
    at                  timestamptz NOT NULL,
    platform_message_id text NOT NULL,
    PRIMARY KEY (tenant_id, workspace_id, target_message_id, reactor),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX reactions_by_contact ON reactions (tenant_id, contact_id);
COMMENT ON COLUMN reactions.emoji IS 'NULL: taken away. Kept, so that a late older reaction does not bring it back';

CREATE TABLE message_edits (
    tenant_id           uuid NOT NULL,
    workspace_id        uuid NOT NULL,
    target_message_id   text NOT NULL,
    platform_message_id text NOT NULL,
    direction           text NOT NULL,
    text                text,
    is_revocation       boolean NOT NULL DEFAULT false,
    at                  timestamptz NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, workspace_id, target_message_id, platform_message_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);

-- Everything else that the platform told: template, number and account state, preferences, calls, groups, flows.
CREATE TABLE platform_events (
    tenant_id    uuid NOT NULL,
    key          bytea NOT NULL,
    workspace_id uuid,
    contact_id   uuid,
    platform     smallint NOT NULL,
    field        text NOT NULL,
    type         text NOT NULL,
    account      text,
    at           timestamptz NOT NULL,
    details      jsonb NOT NULL,
    webhook_event_id uuid,
    webhook_event_at timestamptz,
    webhook_path text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX platform_events_by_time ON platform_events (tenant_id, field, at DESC);
CREATE INDEX platform_events_by_contact ON platform_events (tenant_id, contact_id) WHERE contact_id IS NOT NULL;

-- Row-level security --------------------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenants', 'tenant_keys', 'api_keys', 'audit_entries', 'workspaces', 'webhook_events', 'webhook_queue',
        'contacts', 'contact_addresses', 'contact_merges', 'conversations', 'messages', 'receipts', 'reactions', 'message_edits',
        'platform_events']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %I TO {prefix}_api, {prefix}_worker, {prefix}_purge USING (%I = current_tenant()) WITH CHECK (%I = current_tenant())',
                       name, CASE name WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END, CASE name WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END);
        EXECUTE format('CREATE POLICY owner_sees_all ON %I TO {prefix}_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

-- The group commit spans tenants, so the intake role may append to the journal and do nothing else.
CREATE POLICY append_only ON webhook_events FOR INSERT TO {prefix}_intake WITH CHECK (true);
CREATE POLICY append_only ON webhook_queue FOR INSERT TO {prefix}_intake WITH CHECK (true);

GRANT USAGE ON SCHEMA public TO {prefix}_api, {prefix}_intake, {prefix}_worker, {prefix}_purge;
GRANT INSERT ON webhook_events, webhook_queue TO {prefix}_intake;
GRANT SELECT, INSERT, UPDATE ON tenants, api_keys, workspaces, contacts, conversations TO {prefix}_api;
GRANT SELECT, INSERT ON tenant_keys, audit_entries TO {prefix}_api, {prefix}_worker;
GRANT SELECT ON webhook_events, contact_addresses, contact_merges, messages, receipts, reactions, message_edits, platform_events TO {prefix}_api;
GRANT SELECT ON tenants, workspaces TO {prefix}_worker;
GRANT SELECT, UPDATE ON webhook_events TO {prefix}_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_queue, contacts, contact_addresses, conversations, reactions TO {prefix}_worker;
GRANT SELECT, INSERT, UPDATE ON messages, receipts, message_edits, platform_events, contact_merges TO {prefix}_worker;
GRANT SELECT, INSERT ON audit_entries TO {prefix}_purge;
GRANT SELECT, DELETE ON tenants, tenant_keys, api_keys, workspaces, webhook_events, webhook_queue, contacts, contact_addresses, contact_merges,
    conversations, messages, receipts, reactions, message_edits, platform_events TO {prefix}_purge;
GRANT UPDATE (sealed, sealed_day) ON contact_addresses TO {prefix}_purge;

-- Reviewed functions that look across tenants. Each has a fixed search_path and answers one narrow question. ----------------

CREATE FUNCTION authenticate_api_key(hash bytea) RETURNS TABLE (id uuid, tenant_id uuid, role text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.api_keys k SET last_used_at = now()
     WHERE k.secret_hash = hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
    RETURN QUERY SELECT k.id, k.tenant_id, k.role FROM public.api_keys k
     WHERE k.secret_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
END $$;

-- A key without a tenant belongs to the installation; only the operator's commands make, list and revoke it.
CREATE FUNCTION create_installation_key(key_id uuid, key_name text, key_prefix text, hash bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO public.api_keys (id, tenant_id, role, name, prefix, secret_hash) VALUES (key_id, NULL, 'INSTALLATION', key_name, key_prefix, hash) $$;

CREATE FUNCTION list_installation_keys() RETURNS SETOF api_keys
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT * FROM public.api_keys k WHERE k.tenant_id IS NULL ORDER BY k.created_at $$;

CREATE FUNCTION revoke_api_key(key_id uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH revoked AS (UPDATE public.api_keys k SET revoked_at = now() WHERE k.id = key_id AND k.revoked_at IS NULL RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM revoked) $$;

CREATE FUNCTION tenants_with_queued_events() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE waiting AS (
        (SELECT q.tenant_id FROM public.webhook_queue q ORDER BY q.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.tenant_id FROM public.webhook_queue q WHERE q.tenant_id > w.tenant_id ORDER BY q.tenant_id LIMIT 1)
          FROM waiting w WHERE w.tenant_id IS NOT NULL)
    SELECT w.tenant_id FROM waiting w WHERE w.tenant_id IS NOT NULL $$;

CREATE FUNCTION list_tenant_ids() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT t.id FROM public.tenants t ORDER BY t.created_at $$;

-- Which of these addresses are an active workspace of somebody else.
CREATE FUNCTION addresses_of_other_tenants(of_platform smallint, addresses text[]) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT w.external_id FROM public.workspaces w
     WHERE w.platform = of_platform AND w.external_id = ANY (addresses) AND w.is_active AND w.tenant_id <> public.current_tenant() $$;

-- Make the journal's day partitions from `first_day` for `days` days. Idempotent, safe to run from several processes.
CREATE FUNCTION make_journal_partitions(first_day date, days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    day date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7316001);
    FOR day IN SELECT first_day + n FROM generate_series(0, days - 1) n LOOP
        name := 'webhook_events_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('public.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.webhook_events FOR VALUES FROM (%L) TO (%L)',
                           name, day::text || ' 00:00+00', (day + 1)::text || ' 00:00+00');
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Destroy raw payloads and addresses that were received before `before_day`, for every tenant: keys first, then rows.
CREATE FUNCTION destroy_raw_payloads(before_day date) RETURNS TABLE (keys bigint, partitions bigint, addresses bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child record;
BEGIN
    DELETE FROM public.tenant_keys k WHERE k.purpose = 'raw' AND k.day < before_day;
    GET DIAGNOSTICS keys = ROW_COUNT;
    UPDATE public.contact_addresses a SET sealed = NULL, sealed_day = NULL WHERE a.sealed_day < before_day;
    GET DIAGNOSTICS addresses = ROW_COUNT;
    DELETE FROM public.webhook_queue q WHERE q.created_at < before_day::timestamp AT TIME ZONE 'UTC';
    partitions := 0;
    FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = 'public.webhook_events'::regclass AND c.relname ~ '^webhook_events_\d{8}$' LOOP
        IF to_date(right(child.relname, 8), 'YYYYMMDD') < before_day THEN
            EXECUTE format('DROP TABLE public.%I', child.relname);
            partitions := partitions + 1;
        END IF;
    END LOOP;
    RETURN NEXT;
END $$;

-- A new or reactivated workspace: project what waited for it, whether it was made by GraphQL or by SQL.
CREATE FUNCTION queue_unrouted_events() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NEW.is_active THEN
        INSERT INTO public.webhook_queue (tenant_id, created_at, event_id)
        SELECT e.tenant_id, e.created_at, e.id FROM public.webhook_events e
         WHERE e.tenant_id = NEW.tenant_id AND e.outcome IN ('UNROUTED', 'REFUSED', 'DEAD') AND e.platform = NEW.platform
           AND NEW.external_id = ANY (e.unrouted_ids)
        ON CONFLICT DO NOTHING;
        PERFORM pg_notify('sigma_journal', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER workspaces_queue_unrouted AFTER INSERT OR UPDATE OF is_active, external_id ON workspaces
    FOR EACH ROW EXECUTE FUNCTION queue_unrouted_events();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_tenant() TO {prefix}_api, {prefix}_intake, {prefix}_worker, {prefix}_purge;
GRANT EXECUTE ON FUNCTION authenticate_api_key(bytea), create_installation_key(uuid, text, text, bytea), list_installation_keys(),
    revoke_api_key(uuid) TO {prefix}_api;
GRANT EXECUTE ON FUNCTION make_journal_partitions(date, integer), list_tenant_ids() TO {prefix}_api, {prefix}_worker;
GRANT EXECUTE ON FUNCTION tenants_with_queued_events(), addresses_of_other_tenants(smallint, text[]) TO {prefix}_worker;
GRANT EXECUTE ON FUNCTION destroy_raw_payloads(date), list_tenant_ids() TO {prefix}_purge;
