-- Saved views, and what is noted of exports.

create table saved_view (
    id integer generated always as identity primary key,
    site_id integer not null references location,   -- of the place that the view shows
    location_id integer not null references location,
    owner text not null references user_account (name),
    name text not null check (length(name) between 1 and 80),
    page text not null check (page ~ '^/[a-z][a-z0-9-]*$' or page = '/'),
    search text not null check (length(search) <= 4000),
    shared_with text[] not null default '{}',        -- roles; '{}': the owner alone
    created_at timestamptz not null default now(),
    version integer not null default 1,
    unique (owner, name)
);
create index saved_view_place on saved_view (site_id, location_id);

-- exports as CSV, XLSX and PNG: what form, and every filter in words
alter table data_export add column form text not null default 'csv' check (form in ('csv', 'xlsx', 'png'));
alter table data_export add column filters jsonb not null default '{}';
alter table data_export alter column signals set default '{}';

create trigger audit before insert or update or delete on saved_view for each row execute function audit_write();
create trigger no_truncate before truncate on saved_view for each statement execute function audit_never();
grant select on saved_view to plantglass_reader;
grant select, insert, update, delete on saved_view to plantglass_app;
grant usage on all sequences in schema public to plantglass_app;

-- search by the beginning of a number, in any case
create index batch_begins on batch (upper(number) text_pattern_ops);
create index work_order_begins on work_order (upper(number) text_pattern_ops);
create index batch_order on batch (work_order_id);
