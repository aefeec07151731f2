-- What administration shows: turns of the clock's jobs, measured storage, checks of the audit trail, one-time passwords.

create table job_turn (                              -- one row a job of the clock: its newest turn, and how often it failed
    key text primary key,
    title text not null,
    every_s double precision not null,
    gxp boolean not null default false,              -- it writes GxP records: who starts it by hand says why
    worker text not null default '',
    began_at timestamptz,
    ended_at timestamptz,                            -- before began_at: it is running
    duration_s double precision,
    next_at timestamptz,
    turns bigint not null default 0,
    failures bigint not null default 0,
    failed_at timestamptz,
    failure text not null default ''                 -- of the newest turn that failed
) with (fillfactor = 50);

create table job_request (                           -- GxP: somebody started or cancelled a job that writes records
    id bigint generated always as identity primary key,
    action text not null check (action in ('run', 'cancel')),
    job text not null,
    run_id bigint not null,
    version integer not null default 1
);
create trigger audit before insert or update or delete on job_request for each row execute function audit_write();
create trigger no_truncate before truncate on job_request for each statement execute function audit_never();

create table storage_size (                          -- how much each table held on a day, so that growth can be told
    name text not null,
    day date not null,
    bytes bigint not null,
    primary key (name, day)
);

create table chain_check (                           -- results of recomputing the hash chain of the audit trail
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    entries bigint not null,                         -- number of the newest entry that was looked at
    head text not null,                              -- its hash
    broken_id bigint,                                -- first entry that breaks the chain; null: none does
    problem text not null default ''
);

alter table data_export drop constraint data_export_form_check,
    add constraint data_export_form_check check (form in ('csv', 'xlsx', 'png', 'toml'));  -- the configuration

alter table worker add column facts jsonb not null default '{}';
alter table credential add column one_time_until timestamptz;  -- set: good for one sign-in before this time, to choose another

grant select on job_turn, job_request, storage_size, chain_check to plantglass_reader;
grant select, insert, update, delete on job_turn, storage_size to plantglass_app;
grant select, insert on job_request, chain_check to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;
