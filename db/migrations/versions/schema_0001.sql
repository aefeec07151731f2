-- Plantglass, first schema. PostgreSQL 15 SQL, no extension. Keys lead with site_id; partitioned parents carry no
-- key, their leaves do, so that a leaf may later be a foreign table.

-- ------------------------------------------------------------------ configuration (GxP)
create table location (
    id integer generated always as identity primary key,
    site_id integer not null,                       -- the site above this node; the node itself for a site or an enterprise
    parent_id integer references location,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]*$'),
    path text not null,
    name text not null,
    kind text not null check (kind in ('enterprise', 'site', 'area', 'line', 'process_cell', 'utility_system', 'room', 'machine')),
    time_zone text,
    currency text,
    calendar_id integer,
    attributes jsonb not null default '{}',
    sort integer not null default 0,
    retired_at timestamptz,
    version integer not null default 1
);
create unique index location_path on location (path) where retired_at is null;
create index location_parent on location (parent_id);

create table location_alias (                        -- old paths redirect
    id integer generated always as identity primary key,
    path text not null,
    location_id integer not null references location,
    until timestamptz not null default now(),
    version integer not null default 1
);
create index location_alias_path on location_alias (path);

create table state_table (
    id integer generated always as identity primary key,
    name text not null unique,
    title text not null,
    codes jsonb not null,                            -- {"6": ["Execute", "running"]}
    retired_at timestamptz,
    version integer not null default 1
);

create table machine (
    id integer primary key references location,
    class text not null,
    criticality smallint check (criticality between 1 and 5),
    qualification_due date,
    calibration_due date,
    vibration_group text,
    version integer not null default 1
);

create table source (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    name text not null,
    kind text not null check (kind in ('opcua', 'mqtt', 'sparkplug', 'folder')),
    settings jsonb not null default '{}',            -- no secrets: names of environment variables or files instead
    replay boolean not null default false,
    active boolean not null default true,
    expected_s double precision not null default 10,
    retired_at timestamptz,
    version integer not null default 1,
    unique (site_id, name)
);

create table tag (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    location_id integer not null references location,
    name text not null,
    title text not null,
    kind text not null check (kind in ('float', 'int', 'bool', 'state', 'text')),
    unit text not null default '',
    interpolation text not null default 'step' check (interpolation in ('step', 'linear')),
    counter boolean not null default false,
    rollover double precision,
    interval_s double precision check (interval_s > 0),
    gxp boolean not null default false,
    grouping text not null default '',
    decimals smallint,
    state_table text references state_table (name),
    limits jsonb not null default '{}',
    sort integer not null default 0,
    retired_at timestamptz,
    version integer not null default 1,
    unique (site_id, name)
);
create index tag_location on tag (location_id);

create table tag_binding (
    id integer generated always as identity primary key,
    tag_id integer not null unique references tag,
    source_id integer not null references source,
    address text not null,
    decode jsonb not null default '{}',
    version integer not null default 1,
    unique (source_id, address, tag_id)
);

create table calendar (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    name text not null,
    definition jsonb not null,
    retired_at timestamptz,
    version integer not null default 1,
    unique (site_id, name)
);
alter table location add foreign key (calendar_id) references calendar;

create table product (
    id integer generated always as identity primary key,
    code text not null,
    name text not null,
    family text not null default '',
    unit text not null default 'pcs',
    attributes jsonb not null default '{}',
    retired_at timestamptz,
    version integer not null default 1,
    unique (code)
);

create table material (
    id integer generated always as identity primary key,
    code text not null unique,
    name text not null,
    unit text not null,
    attributes jsonb not null default '{}',
    retired_at timestamptz,
    version integer not null default 1
);

create table recipe (                                -- ISA-88 master recipe; one row a version
    id integer generated always as identity primary key,
    code text not null,
    revision integer not null,
    product_id integer not null references product,
    effective_from timestamptz not null,
    procedure jsonb not null,                        -- unit procedures in order: [{name, class, parameters, materials}]
    retired_at timestamptz,
    version integer not null default 1,
    unique (code, revision)
);

create table ideal_rate (                            -- units an hour that a machine is meant to make of a product
    id integer generated always as identity primary key,
    product_id integer not null references product,
    location_id integer not null references location,
    per_hour double precision not null check (per_hour > 0),
    effective_from timestamptz not null,
    version integer not null default 1,
    unique (product_id, location_id, effective_from)
);

-- ------------------------------------------------------------------ production (GxP)
create table work_order (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    number text not null,
    product_id integer not null references product,
    quantity double precision not null check (quantity > 0),
    unit text not null,
    priority smallint not null default 3,
    release_at timestamptz,
    due_at timestamptz not null,
    state text not null default 'released' check (state in ('planned', 'released', 'running', 'completed', 'closed', 'cancelled')),
    attributes jsonb not null default '{}',
    version integer not null default 1,
    unique (site_id, number)
);

create table batch (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    number text not null,
    product_id integer references product,
    work_order_id integer references work_order,
    version integer not null default 1,
    unique (site_id, number)
);

-- a machine was used by a batch over [from_at, to_at); derived, so replaced freely by its job: not GxP
create table occupation (
    id bigint generated always as identity primary key,
    site_id integer not null,
    location_id integer not null references location,
    batch_id integer not null references batch,
    phase text not null default '',
    from_at timestamptz not null,
    to_at timestamptz,                               -- null: still there
    check (to_at is null or to_at > from_at)
);
create index occupation_place on occupation (location_id, from_at);
create index occupation_batch on occupation (batch_id);

-- ------------------------------------------------------------------ access (GxP), sessions, audit
create table user_account (
    id integer generated always as identity primary key,
    name text not null unique,                       -- never reused: accounts are deactivated, not deleted
    full_name text not null,
    active boolean not null default true,
    demo boolean not null default false,
    version integer not null default 1
);
create table role (
    id integer generated always as identity primary key,
    name text not null unique,
    permissions text[] not null,
    version integer not null default 1
);
create table role_grant (
    id integer generated always as identity primary key,
    user_id integer not null references user_account,
    role text not null references role (name),
    location_id integer not null references location,
    version integer not null default 1,
    unique (user_id, role, location_id)
);
create table credential (                            -- apart from user_account, so that no hash enters the audit trail
    user_id integer primary key references user_account,
    password_hash text not null,
    failures integer not null default 0,
    locked_until timestamptz
);
create table web_session (
    id text primary key,                             -- sha-256 of the cookie's token
    user_id integer not null references user_account,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ended_at timestamptz
);
create table preference (
    user_id integer primary key references user_account,
    body jsonb not null default '{}'
);
create table security_event (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    kind text not null,                              -- login, login_failed, locked, logout, forbidden
    user_name text not null,
    detail text not null default '',
    remote text not null default ''
);

create table signature (
    id bigint generated always as identity primary key,
    user_id integer not null references user_account,
    printed_name text not null,
    meaning text not null,
    record text not null,
    content_hash bytea not null,
    at timestamptz not null default now(),
    version integer not null default 1
);

create table audit_entry (
    id bigint primary key,                           -- gapless
    at timestamptz not null,
    actor text not null,
    reason text not null,
    signature_id bigint,
    table_name text not null,
    record_id text not null,
    action text not null check (action in ('insert', 'update', 'delete')),
    old jsonb,
    new jsonb,
    previous bytea not null,
    hash bytea not null
);
create index audit_entry_record on audit_entry (table_name, record_id);

create function audit_text(e audit_entry) returns text language sql stable
    set timezone = 'UTC' set datestyle = 'ISO, YMD' as $$
    select concat_ws('|', e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), to_json(e.actor), to_json(e.reason),
        coalesce(e.signature_id::text, '-'), e.table_name, to_json(e.record_id), e.action,
        coalesce(e.old::text, '-'), coalesce(e.new::text, '-'))
$$;

-- security definer: only the owner writes here; the application's role has no right of its own on the table
create function audit_write() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    e audit_entry;
    who text := coalesce(current_setting('plantglass.actor', true), '');
    why text := coalesce(current_setting('plantglass.reason', true), '');
begin
    if who = '' or why = '' then
        raise exception 'the table % is written through store.change, with actor and reason', tg_table_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if tg_op = 'UPDATE' then
        if new is not distinct from old then return new; end if;
        new.version := old.version + 1;
    end if;
    perform pg_advisory_xact_lock(7031001);
    select coalesce(max(id), 0) + 1 into e.id from audit_entry;
    select coalesce((select hash from audit_entry where id = e.id - 1), '\x'::bytea) into e.previous;
    e.at := clock_timestamp();
    e.actor := who;
    e.reason := why;
    e.signature_id := nullif(current_setting('plantglass.signature', true), '')::bigint;
    e.table_name := tg_table_name;
    e.action := lower(tg_op);
    if tg_op <> 'INSERT' then e.old := to_jsonb(old); end if;
    if tg_op <> 'DELETE' then e.new := to_jsonb(new); end if;
    e.record_id := coalesce(e.new ->> 'id', e.old ->> 'id');
    e.hash := sha256(e.previous || convert_to(audit_text(e), 'UTF8'));
    insert into audit_entry select e.*;
    if tg_op = 'DELETE' then return old; end if;
    return new;
end $$;

create function audit_never() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on audit_entry
    for each statement execute function audit_never();

do $$
declare t text;
begin
    foreach t in array array['location', 'location_alias', 'state_table', 'machine', 'source', 'tag', 'tag_binding', 'calendar',
        'product', 'material', 'recipe', 'ideal_rate', 'work_order', 'batch', 'user_account', 'role', 'role_grant', 'signature'] loop
        execute format('create trigger audit before insert or update or delete on %I for each row execute function audit_write()', t);
        execute format('create trigger no_truncate before truncate on %I for each statement execute function audit_never()', t);
    end loop;
end $$;

-- ------------------------------------------------------------------ how work is found, done and shown
create table stale (                                 -- something over [from_us, to_us) must be computed again
    id bigint generated always as identity primary key,
    capability text not null,
    site_id integer not null,
    location_id integer not null,
    from_us bigint not null,
    to_us bigint not null,
    cause text not null,
    at timestamptz not null default now(),           -- not to be taken before
    check (to_us > from_us)
);
create index stale_work on stale (capability, location_id, from_us);

create table job_run (
    id bigint generated always as identity primary key,
    kind text not null,
    arguments jsonb not null default '{}',
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    progress double precision not null default 0 check (progress between 0 and 1),
    best jsonb,
    message text not null default '',
    cancel_requested boolean not null default false,
    started_by text not null,
    worker text,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz
);
create index job_run_waiting on job_run (kind, id) where state in ('waiting', 'running');

create table revision (
    topic text not null,
    location_id integer not null default 0,          -- 0: the topic as a whole
    number bigint not null default 1,
    at timestamptz not null default now(),
    primary key (topic, location_id)
);

create table worker (
    id text primary key,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    roles text[] not null default '{}',
    version text not null,
    spool_waiting bigint not null default 0,
    spool_bytes bigint not null default 0
);

create table source_state (
    source_id integer primary key references source,
    state text not null,                             -- connecting, connected, disconnected, refused
    since timestamptz not null default now(),
    detail text not null default '',
    last_sample_us bigint,                           -- newest receipt
    skew_us bigint,                                  -- median of receipt minus source time
    facts jsonb not null default '{}'                -- revised sampling and publishing, queue sizes, ...
);

-- ------------------------------------------------------------------ historian (immutable samples; corrections are revisions)
create table sample_hot (                            -- the open block: not yet sealed
    site_id integer not null,
    tag_id integer not null,
    at_us bigint not null,
    seq integer not null,
    bits bigint not null,
    status integer not null,                         -- OPC UA StatusCode, as a signed 32-bit pattern
    received_us bigint not null
) partition by list (site_id);
create table sample_hot_local partition of sample_hot default;
alter table sample_hot_local add primary key (tag_id, at_us, seq, site_id);  -- compares fewer columns for each row that comes
alter table sample_hot_local set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

create table chunk (                                 -- sealed: up to 16,384 samples of one tag, never overlapping
    site_id integer not null,
    tag_id integer not null,
    t0_us bigint not null,
    t1_us bigint not null,                           -- time of the last sample, inclusive
    n integer not null,
    good integer not null,                           -- how many of them are good and finite
    good_bits bigint,                                -- value of the last good one; null when there is none
    last_seq integer not null,                       -- the last sample, so that the open end is known without decoding
    last_bits bigint not null,
    last_status integer not null,
    data bytea not null,
    checksum bigint not null                         -- CRC-32 of data
) partition by list (site_id);
create table chunk_local partition of chunk default;
alter table chunk_local add primary key (site_id, tag_id, t0_us);
alter table chunk_local alter column data set storage external;
alter table chunk_local set (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);

create table rollup (                                -- packed buckets of one tag at one level
    site_id integer not null,
    tag_id integer not null,
    level smallint not null,                         -- 1: 1 min, 2: 15 min, 3: 3 h, 4: 1 day
    b0_us bigint not null,                           -- start of the span that this row covers (aligned)
    n integer not null,
    data bytea not null,
    checksum bigint not null
) partition by list (site_id);
create table rollup_local partition of rollup default;
alter table rollup_local add primary key (site_id, tag_id, level, b0_us);
alter table rollup_local alter column data set storage external;
alter table rollup_local set (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);

create table superseded (                            -- older revisions of samples; views read the newest only
    site_id integer not null,
    tag_id integer not null,
    at_us bigint not null,
    seq integer not null,
    bits bigint,                                     -- null for text
    text text,
    status integer not null,
    received_us bigint not null,
    replaced_at timestamptz not null default now(),
    actor text not null default coalesce(nullif(current_setting('plantglass.actor', true), ''), 'source'),
    reason text not null default
        coalesce(nullif(current_setting('plantglass.reason', true), ''), 'the source sent another value for the same sample')
);
create index superseded_key on superseded (site_id, tag_id, at_us, seq);

create table sample_correction (                     -- GxP: a person's revision of a stored sample, with its audit entry
    id bigint generated always as identity primary key,
    site_id integer not null,
    tag_id integer not null references tag,
    at_us bigint not null,
    seq integer not null,
    old_bits bigint not null,
    old_status integer not null,
    new_bits bigint not null,
    new_status integer not null,
    version integer not null default 1
);
create trigger audit before insert or update or delete on sample_correction for each row execute function audit_write();
create trigger no_truncate before truncate on sample_correction for each statement execute function audit_never();

create table data_export (                           -- GxP: data that left the system as a file; its audit entry says who and when
    id bigint generated always as identity primary key,
    title text not null,                             -- what was saved, as on the page
    place text not null,
    signals text[] not null,
    from_us bigint not null,
    to_us bigint not null,
    rows integer not null,
    version integer not null default 1
);
create trigger audit before insert or update or delete on data_export for each row execute function audit_write();
create trigger no_truncate before truncate on data_export for each statement execute function audit_never();

create table last_value (
    site_id integer not null,
    tag_id integer not null,
    at_us bigint not null,
    seq integer not null,
    bits bigint,                                     -- null for text
    text text,
    status integer not null,
    received_us bigint not null
) partition by list (site_id);
create table last_value_local partition of last_value default;
alter table last_value_local add primary key (site_id, tag_id);
alter table last_value_local set (fillfactor = 50);

create table text_event (
    site_id integer not null,
    tag_id integer not null,
    at_us bigint not null,
    seq integer not null,
    text text not null,
    status integer not null,
    received_us bigint not null
) partition by list (site_id);
create table text_event_local partition of text_event default;
alter table text_event_local add primary key (site_id, tag_id, at_us, seq);

create table dead_letter (
    id bigint generated always as identity primary key,
    site_id integer not null,
    source_id integer,
    at timestamptz not null default now(),
    address text not null,
    reason text not null,
    raw bytea not null,                              -- at most 4 KiB of it
    raw_size bigint not null
);
create index dead_letter_at on dead_letter (site_id, at);

create table gap (                                   -- samples known to be lost, over [from_us, to_us)
    id bigint generated always as identity primary key,
    site_id integer not null,
    source_id integer not null,
    tag_id integer,
    from_us bigint not null,
    to_us bigint not null,
    missing bigint,                                  -- null: unknown how many
    reason text not null
);

create table ingest_count (                          -- accounting of samples; one row a source
    site_id integer not null,
    source_id integer not null,
    received bigint not null default 0,              -- taken out of a spool
    stored bigint not null default 0,
    duplicates bigint not null default 0,
    superseded bigint not null default 0,
    dead_lettered bigint not null default 0,
    uncertain bigint not null default 0,
    primary key (site_id, source_id)
);

create table spool_progress (                        -- how far a worker's spool is committed: exactly-once effect
    worker text not null,
    source_id integer not null,
    through bigint not null,                         -- number of the last spool record that is in the store
    primary key (worker, source_id)
);

-- ------------------------------------------------------------------ rights
grant usage on schema public to plantglass_app, plantglass_reader;
grant select on all tables in schema public to plantglass_reader;
revoke select on credential, web_session from plantglass_reader;
grant select, insert, update, delete on all tables in schema public to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;
revoke insert, update, delete, truncate on audit_entry from plantglass_app;
revoke delete on user_account from plantglass_app;
revoke update, delete on security_event, superseded, gap, dead_letter from plantglass_app;

-- security definer: what is only ever added leaves by this door alone, and never before its least age
create function forget(letter_days integer, letters_kept bigint, event_days integer, out letters bigint, out events bigint)
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from dead_letter where at < now() - make_interval(days => greatest(letter_days, 30)) or id <=
        (select id from dead_letter order by id desc offset greatest(letters_kept, 10000) limit 1);
    get diagnostics letters = row_count;
    delete from security_event where at < now() - make_interval(days => greatest(event_days, 90));
    get diagnostics events = row_count;
end $$;
revoke execute on function forget from public;
grant execute on function forget to plantglass_app;
