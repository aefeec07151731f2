"""Configuration as a text: what is written is read again, and what is wrong is refused with its line, all at once."""

from __future__ import annotations

import re
import tomllib
import typing
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import Config, Refused, diff, emit, parse
from engine.config.demo import config_of
from engine.config.diff import Action, step_findings
from engine.config.lines import line_of, lines_of
from engine.config.reading import Reader
from engine.config.record import TABLES, CalendarEntry, TagEntry, key_of_field
from engine.config.writing import plain
from engine.shift import Calendar, day_shifts
from engine.twin.site import SITE
from tests.engine.config_text import DOCUMENT, EXAMPLE, PLANT


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(Refused) as caught:
        parse(text)
    return [(problem.line, problem.reason) for problem in caught.value.problems]


def changed(old: str, new: str, text: str = PLANT) -> tuple[str, int]:
    """The text with one replacement, and the line on which it stands."""
    assert text.count(old) >= 1, old
    made = text.replace(old, new, 1)
    return made, made[: text.index(old)].count("\n") + 1


# ------------------------------------------------------------------ what is written is read again
def test_the_example_of_the_documentation_is_complete() -> None:
    config = parse(EXAMPLE)
    assert all(getattr(config, name) for name in TABLES.values())
    assert parse(emit(config)) == config


def test_the_rotating_example_of_the_documentation_is_four_on_four_off() -> None:
    text = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    table = tomllib.loads(text)["calendar"]
    entry = Reader().record(CalendarEntry, {"site": "s", "name": "n", "pattern": table["pattern"]})
    assert entry is not None
    assert [s.team for s in day_shifts(entry.calendar("UTC"), date(2026, 1, 9))] == ["B", "D"]


def test_every_key_of_the_format_stands_in_the_documentation() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    missing = {key for key in _keys_of(Config) if f"`{key}`" not in page and f"[{key}]" not in page and f".{key}]" not in page}
    assert not {key for key in missing if not re.search(rf"\b{key}\b", page)}


def _keys_of(class_: Any) -> set[str]:
    hints = typing.get_type_hints(class_)
    found = set()
    for item in fields(class_):
        found.add(key_of_field(item.name, item.metadata))
        for inner in (hints[item.name], *typing.get_args(hints[item.name])):
            found |= _keys_of(inner) if is_dataclass(inner) else set()
    return found


def test_the_demo_site_is_a_configuration() -> None:
    config = config_of(SITE)
    assert parse(emit(config)) == config
    assert len(config.tags) == len(SITE.signals) >= 200
    assert sum(entry.machine is not None for entry in config.locations) >= 24
    three = next(entry for entry in config.calendars if entry.name == "three-shift")
    assert [s.name for s in day_shifts(three.calendar("UTC"), date(2026, 11, 5))] == ["A", "B", "C"]


def test_the_writer_is_deterministic_whatever_the_order_of_the_entries() -> None:
    config = parse(EXAMPLE)
    turned = Config(**{name: tuple(reversed(getattr(config, name))) for name in TABLES.values()})
    assert emit(turned) == emit(config)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**31) + 1, 2**31 - 1),
    float: NUMBER,
    date: st.dates(date(1970, 1, 1), date(2199, 12, 31)),
    datetime: st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)),
    time: st.times(),
}
FREE = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**12), 10**12), NUMBER, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in inner:
        return st.none() | values_of(next(t for t in inner if t is not type(None)))
    if origin is tuple:
        return st.lists(values_of(inner[0]), max_size=2).map(tuple) if inner[1] is ... else st.tuples(TEXT, TEXT)
    if origin is dict:
        keys = st.integers(-(2**31) + 1, 2**31 - 1) if inner[0] is int else TEXT
        pairs = st.dictionaries(keys, st.tuples(TEXT, TEXT) if inner[0] is int else FREE, max_size=3)
        return pairs.map(lambda found: dict(sorted(found.items())))
    if is_dataclass(hint):
        return records_of(hint)
    return SIMPLE[hint] if hint in SIMPLE else st.sampled_from(list(hint))


def records_of(class_: Any) -> st.SearchStrategy[Any]:
    """Any record of a class, whatever its fields mean."""
    hints = typing.get_type_hints(class_)
    return st.builds(class_, **{item.name: values_of(hints[item.name]) for item in fields(class_)})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(records_of(Config))
def test_any_configuration_is_read_as_it_was_written(config: Config) -> None:
    config = replace(config, format=1)
    reader = Reader()
    read = reader.partial(Config, tomllib.loads(emit(config)))
    assert reader.problems == []
    assert read == config


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(records_of(Config))
def test_every_table_and_key_has_the_line_on_which_it_stands(config: Config) -> None:
    text = emit(config)
    lines, rows = lines_of(text), text.split("\n")
    for table, name in TABLES.items():
        for n, entry in enumerate(getattr(config, name)):
            start = lines[(table, n)]
            assert rows[start - 1] == f"[[{table}]]"
            for key, value in plain(entry).items():
                if isinstance(value, (str, int, float)):
                    assert rows[lines[(table, n, key)] - 1].startswith(f"{key} = ")


def test_lines_are_right_after_text_comments_and_lists_over_several_lines() -> None:
    text = 'a = """\nx = 1\n[[t]]\n""" # ]]\n\n[[t]] # "\n"k\\u0041" = [ # [\n 1, # "\n]\nb.c = \'#\'\n[t.d]\n'
    text += '[[t.e]]\n[[t]]\nf = """a""""\ng = 1\n'
    tomllib.loads(text)
    lines = lines_of(text)
    assert lines == {
        ("a",): 1,
        ("t", 0): 6,
        ("t", 0, "kA"): 7,
        ("t", 0, "b"): 10,
        ("t", 0, "b", "c"): 10,
        ("t", 0, "d"): 11,
        ("t", 0, "e", 0): 12,
        ("t", 1): 13,
        ("t", 1, "f"): 14,
        ("t", 1, "g"): 15,
    }
    assert line_of(lines, ("t", 0, "d", "missing", 3)) == 11
    assert line_of(lines, ("nothing",)) == 0


# ------------------------------------------------------------------ what is wrong is refused with its line
WRONG = [
    ('name = "Filler 1"', 'nam = "Filler 1"', "There is no key “nam”; did you mean “name”?"),
    ('name = "Filler 1"', "name = 7", "“name” must be text in quotes; it is 7."),
    ('kind = "line"', 'kind = "lines"', "“kind” must be one of enterprise, site, area, line"),
    ('path = "acme/dublin/line-1"', 'path = "acme/dublin/../line-1"', "is not made of small letters"),
    ('path = "acme/dublin/line-1/filler-1"', 'path = "acme/dublin/line-2/filler-1"', "did you mean “acme/dublin/line-1”?"),
    (
        'time_zone = "Europe/Dublin"',
        'time_zone = "Europe/Dubln"',
        "There is no time zone “Europe/Dubln”; did you mean “Europe/Dublin”?",
    ),
    ('currency = "EUR"', 'currency = "EURO"', "There is no currency “EURO”; did you mean “EUR”?"),
    ('calendar = "four-on"', 'calendar = "four-of"', "There is no calendar “four-of”; did you mean “four-on”?"),
    ("criticality = 5}", "criticality = 9}", "A criticality of 9"),
    ('["Execute", "running"]', '["Execute", "runing"]', "There is no category of states “runing”; did you mean “running”?"),
    ('["Execute", "running"]', '"running"', "must be a pair of texts"),
    ("codes = {4 =", "codes = {four =", "The code “four” is not a whole number"),
    (
        'site = "acme/dublin"\nname = "line',
        'site = "acme/dubln"\nname = "line',
        "There is no site “acme/dubln”; did you mean “acme/dublin”?",
    ),
    ('kind = "opcua"', 'kind = "opc"', "There is no kind of source “opc”; did you mean “opcua”?"),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "http://plc"', "is not of the form opc.tcp://host:port/name."),
    ('{url = "opc.tcp://127.0.0.1:4840"}', "{}", "needs “url”"),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "opc.tcp://a:4840", password = "x"', "looks like a secret"),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "opc.tcp://a", port = 4840', "There is no key “port”"),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "opc.tcp://a", queue = "20"', "“queue” must be a whole number"),
    (
        'url = "opc.tcp://127.0.0.1:4840"',
        'url = "opc.tcp://a", security = "Basic256"',
        "There is no security policy “Basic256”",
    ),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "opc.tcp://a", password_env = "X"', "a password without a “user”"),
    (
        'address = "ns=1;s=weight"',
        'address = "ns=1;s=weight", decode = {scal = 2}',
        "There is no key “scal”; did you mean “scale”?",
    ),
    (
        'address = "ns=1;s=weight"',
        'address = "ns=1;s=weight", decode = {time_format = "min"}',
        "time_format is “min”; it must be auto, iso, s, ms or us",
    ),
    (
        'address = "ns=1;s=weight"',
        'address = "ns=1;s=weight", decode = {format = "xml"}',
        "format is “xml”; it must be json",
    ),
    ('address = "ns=1;s=weight"', 'address = "ns=1;s=weight", decode = {zone = "Mars"}', "there is no such time zone"),
    ('url = "opc.tcp://127.0.0.1:4840"', 'url = "opc.tcp://ann:pw@a"', "holds a user or password"),
    ("cycle_days = 8", "cycle_days = 7", "names 8 teams for a cycle of 7 days"),
    ('start = "07:00", end', 'start = "7 am", end', "must be a time of day"),
    ('kind = "float"', 'kind = "flaot"', "“kind” must be one of float, int, bool, state, text; it is 'flaot'."),
    ('kind = "float"', 'kind = "state"', "needs a “state_table”"),
    ('kind = "float"', 'kind = "float"\nstate_table = "packml"', "only kind state has a state table"),
    ('kind = "float"', 'kind = "text"\ninterpolation = "linear"', "there is no line between its values"),
    ('kind = "float"', 'kind = "bool"\ncounter = true', "only float and int can count"),
    ('unit = "g"', 'unit = "g"\nrollover = 1000', "has a rollover, but is no counter"),
    ('unit = "g"', 'unit = "g"\ninterval_s = -1', "An interval of -1 s is none"),
    ('unit = "g"', 'unit = "g"\ninterval_s = nan', "“interval_s” must be a finite number"),
    ('unit = "g"', 'unit = "g"\ngxp = 1', "“gxp” must be true or false"),
    ('unit = "g"', 'unit = "g"\nlimits = {alarm_low = 5, normal_low = 4}', "cross: alarm_low 5 and normal_low 4"),
    ('unit = "g"', 'unit = "g"\nlimits = {low = 5, high = 5}', "cross: low 5 and high 5"),
    ('unit = "g"', 'unit = "g"\nlimits = {hi = 5}', "There is no key “hi”"),
    ('name = "filler-1.weight"', 'name = "filler 1"', "is not made of letters, digits"),
    ('at = "acme/dublin/line-1/filler-1"\nname', 'at = "acme"\nname', "which belongs to no site"),
    ('source = "line-server"', 'source = "line-servr"', "There is no source “line-servr”; did you mean “line-server”?"),
    ('address = "ns=1;s=weight"', 'address = " "', "has no address"),
    ("per_hour = 12000", "per_hour = -1", "A rate of -1 an hour is none"),
    ("per_hour = 12000", "per_hour = true", "“per_hour” must be a finite number"),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "must be a time with its offset"),
    ('product = "VX10"', 'product = "VX1"', "There is no product “VX1”; did you mean “VX10”?"),
    ('permissions = ["location.read"]', 'permissions = ["location.reed"]', "did you mean “location.read”?"),
    ('name = "shift-lead"', 'name = "operator"', "The role “operator” is built in"),
    ('full_name = "Inês"', 'full_name = "Inês"\npassword = "x"', "passwords are set with"),
    ('user = "ines"', 'user = "inez"', "There is no user “inez”; did you mean “ines”?"),
    ('role = "shift-lead"', 'role = "shift-led"', "There is no role “shift-led”"),
    ("format = 1", "format = 2", "This version reads “format = 1”"),
    ("[[user]]", "[[users]]", "There is no key “users”; did you mean “user”?"),
    ('title = "PackML"', 'title = " "', "The “title” is empty."),
    ('title = "PackML"', 'title = "Pack\\u0000ML"', "holds a character with code 0"),
    ('name = "Acme"', 'name = "Acme"\nattributes = {since = 2001-01-01}', "put dates in quotes"),
]


@pytest.mark.parametrize(("old", "new", "reason"), WRONG)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, reason: str) -> None:
    text, line = changed(old, new)
    last = line + new.count("\n") + 3  # what concerns a whole entry stands at its first line
    found = [(at, said) for at, said in problems(text) if reason in said]
    assert found, problems(text)
    assert line - 6 <= found[0][0] <= last


def test_the_line_is_that_of_the_key_also_after_a_reference_failed() -> None:
    text, line = changed('source = "line-server"', 'source = "line-servr"')
    assert problems(text) == [(line, "At the site acme/dublin: There is no source “line-servr”; did you mean “line-server”?")]


def test_a_syntax_error_carries_its_line() -> None:
    text, line = changed('kind = "float"', "kind = float")
    [(at, reason)] = problems(text)
    assert at == line
    assert reason.startswith("This is not TOML: ")


def test_all_problems_are_reported_at_once_and_in_order() -> None:
    text = (
        PLANT.replace('kind = "float"', 'kind = "flaot"').replace("per_hour = 12000", "per_hour = 0").replace('"EUR"', '"EURO"')
    )
    found = problems(text)
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert len(found) == 3


def test_what_depends_on_an_entry_that_could_not_be_read_is_not_blamed() -> None:
    text, line = changed('kind = "site"', 'kind = "sight"')
    assert [at for at, _ in problems(text)] == [line]


def test_the_second_of_two_entries_of_one_name_is_blamed() -> None:
    twice = '\n[[product]]\ncode = "VX10"\nname = "Again"\n'
    found = problems(PLANT + twice)
    assert found == [
        (
            (PLANT + twice).count("\n", 0, (PLANT + twice).rindex("[[product]]")) + 1,
            "There is another product “VX10” in this file.",
        )
    ]
    at_site = PLANT + '\n[[tag]]\nat = "acme/dublin"\nname = "filler-1.weight"\ntitle = "T"\nkind = "int"\n'
    assert "another tag “acme/dublin filler-1.weight”" in problems(at_site)[0][1]


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("acme/other", "enterprise", "must be the top of the tree"),
        ("acme/dublin/inner", "site", "must stand at the top or directly under an enterprise"),
        ("acme/hall", "area", "must stand in a site"),
        ("hall", "area", "must stand in a site"),
        ("acme/dublin/m", "machine", "needs a table “machine”"),
        ("acme/cork", "site", "needs a “time_zone”"),
        ("acme/cork/line", "line", "The place above is missing"),
    ],
)
def test_the_tree_follows_isa_95(path: str, kind: str, reason: str) -> None:
    text = f'{PLANT}\n[[location]]\npath = "{path}"\nname = "N"\nkind = "{kind}"\n'
    assert any(reason in said for _, said in problems(text))


@pytest.mark.parametrize("path", ["/etc", "../up", "a/../../b", "C:\\\\plant", "\\\\\\\\server\\\\share"])
def test_a_folder_that_leads_out_of_the_data_folder_is_refused(path: str) -> None:
    text = f'{PLANT}\n[[source]]\nsite = "acme/dublin"\nname = "files"\nkind = "folder"\nsettings = {{path = "{path}"}}\n'
    assert "leads out of the data folder" in problems(text)[0][1]


BROKER = '\n[[source]]\nsite = "acme/dublin"\nname = "b"\nkind = "mqtt"\nsettings = {{host = "h", {}}}\n'


@pytest.mark.parametrize("key", ["password", "api_key", "auth_token", "Passphrase", "secret"])
def test_secrets_are_refused_at_any_depth(key: str) -> None:
    for setting in (f'{key} = "x"', f'tls = {{{key} = "x"}}'):
        [(_, reason)] = problems(PLANT + BROKER.format(setting))
        assert "looks like a secret" in reason


def test_where_a_secret_is_may_be_said() -> None:
    parse(PLANT + BROKER.format('user = "u", password_env = "BROKER_PASSWORD", tls = {ca = "ca.pem"}'))
    parse(PLANT + BROKER.format('user = "u", password_file = "secrets/broker", tls = true, version = "3.1.1"'))


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("port = 0", "The port 0"),
        ('version = "4"', "There is no MQTT version “4”"),
        ("qos = 3", "The qos is 0, 1 or 2"),
        ("tls = 1", "“tls” is true, false"),
        ('topics = "acme/#"', "“topics” must be a list"),
        ('password_env = "A", password_file = "b", user = "u"', "not both"),
        ("prot = 1883", "did you mean “port”?"),
    ],
)
def test_settings_of_a_broker_are_checked(setting: str, reason: str) -> None:
    assert any(reason in said for _, said in problems(PLANT + BROKER.format(setting)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "format = 1\nlocation = 3",
        "format = 1\n[location]\npath = 'a'",
        "x = ",
        "format = 1\nlocation = [1]",
        "x = " + "9" * 5000,
        "x = " + "[" * 5000,
    ],
)
def test_a_file_that_is_no_configuration_is_refused(text: str) -> None:
    assert problems(text)


# ------------------------------------------------------------------ what differs
def test_a_difference_is_shown_with_each_field_old_and_new() -> None:
    old = parse(PLANT)
    new = parse(
        PLANT.replace('unit = "g"', 'unit = "mg"\nlimits = {high = 12}')
        .replace('code = "VX10"', 'code = "VX20"')
        .replace('product = "VX10"', 'product = "VX20"')
    )
    shown = diff(old, new).text()
    assert '~ tag acme/dublin filler-1.weight\n    unit: "g" → "mg"\n    limits.high: (none) → 12.0' in shown
    assert "- product VX10" in shown
    assert "+ product VX20" in shown
    assert shown.endswith("2 added, 1 changed, 0 moved, 2 retired")


def test_nothing_differs_from_itself() -> None:
    assert diff(parse(PLANT), parse(emit(parse(PLANT)))).text() == "Nothing differs."


def test_was_makes_a_move_only_while_the_old_place_is_there() -> None:
    old = parse(PLANT)
    moved = parse(
        PLANT.replace("acme/dublin/line-1", "acme/dublin/l1").replace(
            'name = "Line 1"', 'name = "L"\nwas = "acme/dublin/line-1"'
        )
    )
    found = diff(old, moved)
    assert {(item.action, item.was) for item in found.items} == {
        (Action.MOVED, "acme/dublin/line-1"),
        (Action.MOVED, "acme/dublin/line-1/filler-1"),
    }
    assert not diff(moved, moved)
    assert {item.action for item in diff(Config(), moved).items} == {Action.ADDED}


def test_was_of_a_place_that_is_still_there_is_refused() -> None:
    text, line = changed('name = "Line 1"', 'name = "Line 1"\nwas = "acme/dublin"')
    assert problems(text) == [
        (line + 1, "“acme/dublin” is still a place of this file, so “acme/dublin/line-1” cannot have moved from it.")
    ]


def test_a_machine_cannot_become_a_line_and_a_tag_keeps_its_kind() -> None:
    old = parse(PLANT)
    line = PLANT.replace('kind = "machine"\nmachine = {class = "filler", criticality = 5}', 'kind = "room"')
    assert ["cannot become room" in f.reason for f in step_findings(old, parse(line))] == [True]
    [finding] = step_findings(old, parse(PLANT.replace('kind = "float"', 'kind = "int"')))
    assert isinstance(finding.entry, TagEntry)
    assert "is of kind float" in finding.reason


def test_a_file_without_users_leaves_accounts_as_they_are() -> None:
    old = parse(PLANT)
    assert not diff(old, replace(old, users=(), grants=(), roles=()))
    assert [item.table for item in diff(old, replace(old, users=(), grants=(), roles=(), products=(), rates=())).items] == [
        "product",
        "rate",
    ]


def test_a_calendar_of_the_file_is_the_calendar_of_the_engine() -> None:
    entry = parse(PLANT).calendars[0]
    assert isinstance(entry.calendar("Europe/Dublin"), Calendar)
    assert entry.calendar("America/New_York").time_zone == "America/New_York"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('element = "apt", categories = ["runing"]', "There is no category of states “runing”"),
        ('element = "apt", states = ["Exekute"]', "There is no state “Exekute”"),
        ('element = "apt", modes = ["setting"]', "There is no category of modes “setting”"),
        ('element = "not_scheduled"', "The calendar decides what is not scheduled"),
        ('element = "oee"', "must be one of apt"),
    ],
)
def test_a_rule_of_a_state_map_that_could_never_fit_is_refused_with_its_line(rule: str, said: str) -> None:
    text = PLANT + f'\n[[state_map]]\nname = "own"\ntitle = "Own"\nrule = [{{{rule}}}]\n'
    with pytest.raises(Refused, match=said) as refused:
        parse(text)
    assert refused.value.problems[0].line > PLANT.count("\n")


def test_a_machine_names_a_state_map_that_exists() -> None:
    with pytest.raises(Refused, match="There is no state map “packaging”"):
        parse(PLANT.replace("criticality = 5}", 'criticality = 5, state_map = "packaging"}'))
    config = parse(PLANT.replace("criticality = 5}", 'criticality = 5, state_map = "iso-22400"}'))
    assert [e.machine.state_map for e in config.locations if e.machine] == ["iso-22400"]
