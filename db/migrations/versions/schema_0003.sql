-- Alarm definitions, alarms and what set them aside (GxP), and the derived state of their conditions.

create table alarm_definition (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    location_id integer not null references location,
    key text not null,
    title text not null,
    kind text not null check (kind in ('above', 'below', 'state', 'source', 'stale')),
    tag_id integer references tag,
    source_id integer references source,
    threshold double precision,                      -- null: the tag's own alarm limit, or its expected interval
    states text[] not null default '{}',
    deadband double precision not null default 0 check (deadband >= 0),
    on_delay_s double precision not null default 0 check (on_delay_s >= 0),
    off_delay_s double precision not null default 0 check (off_delay_s >= 0),
    priority smallint not null check (priority between 1 and 3),
    consequence text not null check (consequence <> ''),
    cause text not null default '',
    response text not null check (response <> ''),   -- without one it is an event, not an alarm
    respond_within_s double precision not null check (respond_within_s > 0),
    while_tag_id integer references tag,             -- suppressed by design unless this tag says one of while_states
    while_states text[] not null default '{}',
    out_of_service boolean not null default false,
    retired_at timestamptz,
    version integer not null default 1,
    unique (site_id, key),
    check ((kind = 'source') = (source_id is not null)),
    check ((kind = 'source') = (tag_id is null))
);
create index alarm_definition_place on alarm_definition (location_id);

create table alarm (                                 -- one time that an alarm was raised
    id bigint generated always as identity primary key,
    site_id integer not null,
    location_id integer not null references location,
    definition_id integer not null references alarm_definition,
    priority smallint not null,
    since_us bigint not null,                        -- when its condition became true at the source
    raised_at_us bigint not null,
    value double precision,
    state text not null default '',                  -- the state's name, for alarms of states
    threshold double precision,
    cleared_at_us bigint,                            -- when its condition was no longer true
    acked_at_us bigint,
    acked_by text,
    ended_at_us bigint,                              -- when it left the list
    ended_as text check (ended_as in ('normal', 'shelved', 'suppressed', 'out_of_service', 'removed', 'repeated', 'found_late')),
    version integer not null default 1,
    check ((ended_at_us is null) = (ended_as is null)),
    check ((acked_at_us is null) = (acked_by is null))
);
create unique index alarm_standing on alarm (definition_id) where ended_at_us is null;
create index alarm_place on alarm (location_id, raised_at_us);
create index alarm_definition_history on alarm (definition_id, raised_at_us);

create table alarm_aside (                           -- shelved, or taken out of service, by a person
    id bigint generated always as identity primary key,
    site_id integer not null,
    location_id integer not null references location,
    definition_id integer not null references alarm_definition,
    kind text not null check (kind in ('shelved', 'out_of_service')),
    from_us bigint not null,
    until_us bigint,                                 -- a shelved alarm comes back by itself then
    reason text not null check (reason <> ''),
    by_name text not null,
    ended_at_us bigint,
    ended_by text,
    version integer not null default 1,
    check (kind <> 'shelved' or until_us > from_us),
    check ((ended_at_us is null) = (ended_by is null))
);
create unique index alarm_aside_open on alarm_aside (definition_id) where ended_at_us is null;

do $$
declare t text;
begin
    foreach t in array array['alarm_definition', 'alarm', 'alarm_aside'] loop
        execute format('create trigger audit before insert or update or delete on %I for each row execute function audit_write()', t);
        execute format('create trigger no_truncate before truncate on %I for each statement execute function audit_never()', t);
    end loop;
end $$;

create table alarm_condition (                       -- hysteresis and delays: derived, written when they change only
    definition_id integer primary key references alarm_definition,
    active boolean not null,
    since_us bigint,                                 -- when the condition became true at the source, while active
    pending_us bigint,                               -- since when the signal says otherwise, while a delay runs
    suppressed boolean not null default false
);
alter table alarm_condition set (fillfactor = 50);

grant select on alarm_definition, alarm, alarm_aside, alarm_condition to plantglass_reader;
grant select, insert, update, delete on alarm_definition, alarm, alarm_aside, alarm_condition to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;
