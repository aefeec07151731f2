-- Machine states, time elements and OEE sums. PostgreSQL 15 SQL, no extension. Keys lead with site_id.

-- ------------------------------------------------------------------ configuration (GxP)
create table state_map (                             -- from states to time elements, as the configuration file has it
    id integer generated always as identity primary key,
    name text not null unique,
    title text not null,
    states text[] not null,
    modes text[] not null,
    rules jsonb not null,                            -- in order: [{element, states, categories, modes, order}]
    retired_at timestamptz,
    version integer not null default 1
);
create trigger audit before insert or update or delete on state_map for each row execute function audit_write();
create trigger no_truncate before truncate on state_map for each statement execute function audit_never();

alter table machine add state_map text references state_map (name);  -- null: the default map

-- ------------------------------------------------------------------ derived, so replaced freely by their jobs: not GxP
create table state_interval (                        -- a machine was in a state and mode over [from_us, to_us)
    site_id integer not null,
    location_id integer not null references location,
    from_us bigint not null,
    to_us bigint,                                    -- null: still
    code bigint,                                     -- null: nobody knows
    text text not null,
    category text not null,
    mode_category text not null,
    tag_id integer not null references tag,          -- the evidence
    primary key (site_id, location_id, from_us),
    check (to_us > from_us),
    -- one machine is in one state at a time, whoever writes
    constraint state_interval_never_overlaps exclude using gist
        (int4range(location_id, location_id, '[]') with &&, int8range(from_us, to_us) with &&)
);
alter table state_interval set (autovacuum_vacuum_scale_factor = 0.05);

create table oee_shift (                             -- the sums of one machine over one shift, or over time between shifts
    site_id integer not null,
    location_id integer not null references location,
    from_us bigint not null,
    to_us bigint not null,
    through_us bigint not null,                      -- the sums go so far; before to_us while the shift runs
    day date not null,                               -- production day
    shift text not null,                             -- empty: no shift
    team text not null,
    dead_us bigint,                                  -- since when the source was silent when the sums were made; null: it lived
    all_s double precision not null,
    not_scheduled_s double precision not null,
    planned_down_s double precision not null,
    production_s double precision not null,
    setup_s double precision not null,
    delay_s double precision not null,
    down_s double precision not null,
    unknown_s double precision not null,
    standard_s double precision not null,
    standard_good_s double precision not null,
    produced double precision not null,
    good double precision not null,
    unrated_s double precision not null,
    capacity double precision not null,
    computed_at timestamptz not null default now(),
    primary key (site_id, location_id, from_us),
    check (from_us < through_us and through_us <= to_us)
);
create index oee_shift_silent on oee_shift (location_id) where dead_us is not null;
create index gap_tag on gap (tag_id, from_us);
create index gap_source on gap (source_id, to_us) where tag_id is null;

grant select on state_map, state_interval, oee_shift to plantglass_reader;
grant select, insert, update, delete on state_map, state_interval, oee_shift to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;
