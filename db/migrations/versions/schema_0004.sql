-- Wall displays: the devices (GxP), their sessions, and when each was last seen.

create table device (
    id integer generated always as identity primary key,
    site_id integer not null references location,
    location_id integer not null references location,    -- the display shows this place and what is below it
    name text not null check (length(name) between 1 and 80),
    tiles smallint not null check (tiles between 1 and 8),
    playlist jsonb not null,                             -- {"seconds": 30, "slides": ["overview", "area path", ...]}
    screen_inches double precision not null check (screen_inches between 5 and 300),
    distance_m double precision not null check (distance_m between 0.3 and 50),
    theme text not null default 'dark' check (theme in ('dark', 'light')),
    dim_from time,                                       -- local time; null: never dimmed
    dim_to time,
    created_by text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    revoked_by text,
    version integer not null default 1,
    check ((revoked_at is null) = (revoked_by is null)),
    check ((dim_from is null) = (dim_to is null))
);
create index device_place on device (site_id, location_id);
create unique index device_name on device (site_id, name) where revoked_at is null;

create trigger audit before insert or update or delete on device for each row execute function audit_write();
create trigger no_truncate before truncate on device for each statement execute function audit_never();

create table device_link (                               -- not GxP: the link of each device that is not revoked
    device_id integer primary key references device,
    token_hash text not null unique check (token_hash ~ '^[0-9a-f]{64}$')  -- SHA-256 of the link's token
);

create table device_session (                            -- not GxP: which browsers show a device's page
    id text primary key,                                 -- SHA-256 of the cookie's token
    device_id integer not null references device,
    created_at timestamptz not null default now()
);
create index device_session_device on device_session (device_id, created_at);

create table device_seen (                               -- not GxP: written at most every ten seconds
    device_id integer primary key references device,
    seen_at timestamptz not null,
    product_version text not null default ''
) with (fillfactor = 50);

grant select on device, device_seen to plantglass_reader;
grant select, insert, update on device to plantglass_app;
grant select, insert, update, delete on device_link, device_session, device_seen to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;
