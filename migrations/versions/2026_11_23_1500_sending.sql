-- Runs as {prefix}_owner.

SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- An outbound message is known before the platform names it.
ALTER TABLE messages ALTER COLUMN platform_message_id DROP NOT NULL;
ALTER TABLE messages ADD COLUMN sent_by text;
COMMENT ON COLUMN messages.sent_by IS 'Who asked for an outbound message: the actor of its scope';

-- Why a workspace does not send right now. NULL: it does.
ALTER TABLE workspaces ADD COLUMN account_id text;
ALTER TABLE workspaces ADD COLUMN sending_paused_at timestamptz;
ALTER TABLE workspaces ADD COLUMN sending_resumes_at timestamptz;
ALTER TABLE workspaces ADD COLUMN sending_pause jsonb;
COMMENT ON COLUMN workspaces.account_id IS 'WhatsApp Business Account id, once it is known';
COMMENT ON COLUMN workspaces.sending_pause IS '{"code": …, "scope": TOKEN|NUMBER|ACCOUNT, "advice": …}';

-- Messages on their way out. A row leaves when its outcome is known for good; DEAD rows stay until they are retried or expire.
CREATE TABLE outbox (
    tenant_id      uuid NOT NULL,
    message_id     uuid NOT NULL,
    workspace_id   uuid NOT NULL,
    lane           smallint NOT NULL CHECK (lane BETWEEN 0 AND 3),
    state          text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'DEAD')),
    recipient_hash bytea NOT NULL,
    needs_window   boolean NOT NULL,
    purpose        text NOT NULL,
    sealed         bytea NOT NULL,
    sealed_day     date NOT NULL,
    attempt        integer NOT NULL DEFAULT 0,
    failures       integer NOT NULL DEFAULT 0,
    not_before     timestamptz NOT NULL DEFAULT now(),
    lease_until    timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_ready ON outbox (tenant_id, workspace_id, lane, not_before, message_id) WHERE state = 'QUEUED';
CREATE INDEX outbox_leases ON outbox (lease_until) WHERE state = 'SENDING';
COMMENT ON COLUMN outbox.lane IS '0 authentication, 1 reply, 2 utility, 3 bulk: a lower lane goes first';
COMMENT ON COLUMN outbox.sealed IS 'Content and recipient, sealed with the raw key of sealed_day';

-- One row per HTTP call, append-only but for its outcome.
CREATE TABLE send_attempts (
    tenant_id   uuid NOT NULL,
    message_id  uuid NOT NULL,
    number      integer NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    outcome     text CHECK (outcome IN ('ACCEPTED', 'REJECTED', 'THROTTLED', 'UNKNOWN')),
    code        integer,
    details     text,
    PRIMARY KEY (tenant_id, message_id, number),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE idempotency_keys (
    tenant_id    uuid NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    message_id   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What contacts agreed to and refused: append-only, the latest row of a purpose counts, and an opt-out wins a tie.
CREATE TABLE consents (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    contact_id  uuid NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('ALL', 'MARKETING')),
    state       text NOT NULL CHECK (state IN ('OPTED_IN', 'OPTED_OUT')),
    source      text NOT NULL,
    at          timestamptz NOT NULL,
    key         text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX consents_by_contact ON consents (tenant_id, contact_id, purpose, at DESC);
COMMENT ON COLUMN consents.key IS 'What the row was learned from, so that the same news told twice is one row';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['outbox', 'send_attempts', 'idempotency_keys', 'consents'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %I TO {prefix}_api, {prefix}_worker, {prefix}_purge USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', name);
        EXECUTE format('CREATE POLICY owner_sees_all ON %I TO {prefix}_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

GRANT INSERT, UPDATE ON messages TO {prefix}_api;
GRANT INSERT, UPDATE, DELETE ON contacts, contact_addresses TO {prefix}_api;
GRANT INSERT ON contact_merges TO {prefix}_api;
GRANT SELECT, INSERT, UPDATE ON outbox TO {prefix}_api;
GRANT SELECT ON send_attempts TO {prefix}_api;
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO {prefix}_api;
GRANT SELECT, INSERT, UPDATE ON consents TO {prefix}_api, {prefix}_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO {prefix}_worker;
GRANT SELECT, INSERT, UPDATE ON send_attempts TO {prefix}_worker;
GRANT UPDATE (sending_paused_at, sending_resumes_at, sending_pause, account_id) ON workspaces TO {prefix}_worker;
GRANT SELECT, DELETE ON outbox, send_attempts, idempotency_keys, consents TO {prefix}_purge;

-- Which workspaces have messages to send now. Loose index scan: its cost is the number of workspaces, not of messages.
CREATE FUNCTION workspaces_ready_to_send() RETURNS TABLE (tenant_id uuid, workspace_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE ready AS (
        (SELECT o.tenant_id, o.workspace_id FROM public.outbox o WHERE o.state = 'QUEUED' ORDER BY o.tenant_id, o.workspace_id LIMIT 1)
        UNION ALL
        SELECT next.tenant_id, next.workspace_id FROM ready r CROSS JOIN LATERAL (
            SELECT o.tenant_id, o.workspace_id FROM public.outbox o
             WHERE o.state = 'QUEUED' AND (o.tenant_id, o.workspace_id) > (r.tenant_id, r.workspace_id)
             ORDER BY o.tenant_id, o.workspace_id LIMIT 1) next)
    SELECT r.tenant_id, r.workspace_id FROM ready r $$;

-- Sends whose process died between call and record: nobody knows whether the platform took them. Never sent again by themselves.
CREATE FUNCTION expire_send_leases() RETURNS TABLE (tenant_id uuid, message_id uuid)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH expired AS (
        UPDATE public.outbox o SET state = 'UNKNOWN', lease_until = NULL WHERE o.state = 'SENDING' AND o.lease_until < now()
        RETURNING o.tenant_id, o.message_id, o.attempt),
    attempts AS (
        UPDATE public.send_attempts a SET ended_at = now(), outcome = 'UNKNOWN', details = 'the process ended between call and record'
          FROM expired e WHERE a.tenant_id = e.tenant_id AND a.message_id = e.message_id AND a.number = e.attempt AND a.outcome IS NULL),
    marked AS (
        UPDATE public.messages m SET status = 'UNKNOWN', status_rank = 2, status_at = now()
          FROM expired e WHERE m.tenant_id = e.tenant_id AND m.id = e.message_id AND m.status_rank < 2)
    SELECT e.tenant_id, e.message_id FROM expired e;
END $$;

CREATE FUNCTION forget_old_idempotency_keys() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (DELETE FROM public.idempotency_keys WHERE created_at < now() - interval '24 hours' RETURNING 1) SELECT count(*) FROM gone $$;

-- Rows that wait for nothing any more: a receipt told what became of an unknown send, or proved that a dead letter arrived.
-- (Ranks as in messages.status_rank: 3 accepted, 5 failed.) Dead letters whose sealed payload nobody can open any more go too.
CREATE FUNCTION forget_resolved_sends(unreadable_before date) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM public.outbox o USING public.messages m
         WHERE o.state IN ('UNKNOWN', 'DEAD') AND m.tenant_id = o.tenant_id AND m.id = o.message_id
           AND (o.sealed_day < unreadable_before OR m.status_rank > 5 OR (o.state = 'UNKNOWN' AND m.status_rank >= 3))
        RETURNING 1)
    SELECT count(*) FROM gone $$;

-- How many messages of all tenants wait in each lane.
CREATE FUNCTION queued_sends() RETURNS TABLE (lane smallint, waiting bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT o.lane, count(*) FROM public.outbox o WHERE o.state = 'QUEUED' GROUP BY o.lane $$;

REVOKE ALL ON FUNCTION workspaces_ready_to_send(), expire_send_leases(), forget_old_idempotency_keys(), forget_resolved_sends(date), queued_sends()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION workspaces_ready_to_send(), expire_send_leases(), forget_old_idempotency_keys(), forget_resolved_sends(date), queued_sends()
    TO {prefix}_worker;
