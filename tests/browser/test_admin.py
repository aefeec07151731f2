"""An administrator looks after a running plant, and an auditor looks on."""

from __future__ import annotations

import re
import tempfile
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from components.admin import ids, users
from components.admin.page import TABS
from components.panel import body_id, failed_of
from tests.browser.page import Page
from tests.browser.running import Running

pytestmark = pytest.mark.browser
LIMIT_S = 90


@pytest.fixture
def admin(page: Page) -> Page:
    page.sign_in("admin")
    return page


def open_tab(page: Page, tab: str, sel: str = "", panel: str = "") -> None:
    page.open(f"/admin?tab={tab}" + (f"&sel={sel}" if sel else ""))
    if panel:
        page.until(lambda: page.all(f"#{body_id(panel)} tbody tr"), f"{panel} is filled", LIMIT_S)


def press(page: Page, css: str, text: str) -> None:
    """Press the first button with that text."""
    found = page.until(lambda: [b for b in page.all(css) if b.text == text and b.is_displayed()], f"the button {text} is there")
    page.run("arguments[0].scrollIntoView({block: 'center'})", found[0])
    found[0].click()


def write(page: Page, name: str, text: str) -> None:
    """Write into a field as a person would."""
    field = page.find(f"input#{name}")
    page.until(field.is_displayed, f"{name} is shown")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text)


def click(page: Page, name: str) -> None:
    """Bring a button to the middle of the window, away from what sticks to its edges, and press it."""

    def pressed() -> bool:
        button = page.find(f"#{name}")
        page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
        button.click()
        return True

    page.until(pressed, f"{name} is pressed")


def row_button(page: Page, panel: str, row: str) -> None:
    """Press the button of the row that names something."""
    page.run(
        "[...document.querySelectorAll('#' + arguments[0] + ' tr')].find(r => r.innerText.includes(arguments[1]))"
        ".querySelector('button').click()",
        body_id(panel),
        row,
    )


def confirm(page: Page, reason: str) -> None:
    """Give a reason in the open dialog and do it."""
    page.until(lambda: page.text(f"#{ids.ACT_TEXT}"), "the dialog says what will happen")
    write(page, ids.ACT_REASON, reason)
    click(page, ids.ACT_GO)


def buttons(page: Page) -> set[str]:
    """What the buttons of the page say."""
    shown = "return [...document.querySelectorAll('main button')].filter(b => b.offsetParent).map(b => b.innerText)"
    return set(page.run(shown))


def dialog_closed(page: Page) -> bool:
    return not page.all("dialog[open]")


def test_sources_say_how_they_are_and_the_account_closes(admin: Page) -> None:
    page = admin
    open_tab(page, "sources", "line-server", ids.ACCOUNTS)
    page.until(lambda: "line-server" in page.text(f"#{body_id(ids.SOURCES)}"), "the source is listed")
    page.until(lambda: "Publishing" in page.text(f"#{body_id(ids.SOURCE)}"), "what was agreed is shown")
    account = page.text(f"#{body_id(ids.ACCOUNTS)}")
    assert "Together" in account
    assert "does not close" not in account
    assert "the account of samples closes" in page.text(f"#{ids.sentence_id('sources')}")
    assert page.complaints() == []


def test_a_job_runs_now_and_says_so(admin: Page) -> None:
    page = admin
    open_tab(page, "jobs", panel=ids.TURNS)
    row_button(page, ids.TURNS, "storage.measure")
    confirm(page, "to see it")
    page.until(lambda: dialog_closed(page), "the dialog closes", LIMIT_S)
    shown = f"#{body_id(ids.RUNS)}"
    page.until(lambda: "storage.measure" in page.text(shown) and "Done" in page.text(shown), "the run is done", LIMIT_S)
    assert page.complaints() == []


def test_a_job_that_writes_records_wants_a_reason(admin: Page) -> None:
    page = admin
    open_tab(page, "jobs", panel=ids.TURNS)
    row_button(page, ids.TURNS, "order.derive")
    page.until(lambda: "reason is needed" in page.text(f"#{ids.ACT_TEXT}"), "the dialog says that a reason is needed")
    click(page, ids.ACT_GO)
    page.until(lambda: "Say why" in page.text(f"#{failed_of(body_id(ids.ACT))}"), "it is refused in the dialog")
    confirm(page, "orders were late")
    page.until(lambda: dialog_closed(page), "the dialog closes", LIMIT_S)
    page.open("/audit?f.user=admin&f.words=orders")
    page.until(lambda: "orders were late" in page.text(f"#{body_id(ids.AUDIT_LIST)}"), "it is on record", LIMIT_S)


def test_a_new_user_chooses_a_password_and_gets_a_grant(admin: Page, plant: Running) -> None:
    page, name = admin, f"ines{int(time.time())}"
    open_tab(page, "users", panel=ids.PEOPLE)
    press(page, "main button", "Add a user")
    write(page, ids.NEW_NAME, name)
    write(page, ids.NEW_FULL_NAME, "Ines Brandt")
    write(page, ids.NEW_REASON, "new in quality")
    click(page, ids.ADD_PERSON)
    page.until(lambda: page.all(".adm-secret"), "the one-time password is shown", LIMIT_S)
    password = page.text(".adm-secret")
    assert re.fullmatch(r"[a-z0-9]{5}(-[a-z0-9]{5}){3}", password)
    open_tab(page, "users", name, ids.PEOPLE)
    press(page, f"#{body_id(ids.PERSON)} button", "Add a grant")
    write(page, ids.GRANT_ROLE, "quality")
    write(page, ids.GRANT_PLACE, "acme/dublin/packaging")
    write(page, ids.GRANT_REASON, "reviews packaging")
    click(page, ids.ADD_GRANT)
    page.until(lambda: "acme/dublin/packaging" in page.text(f"#{body_id(ids.PERSON)}"), "the grant is listed", LIMIT_S)
    assert "as quality" in page.text(f"#{body_id(ids.RIGHTS)}")
    assert page.complaints() == []

    page.driver.delete_all_cookies()
    page.open("/login")
    page.find("input[name=user]").send_keys(name)
    page.find("input[name=password]").send_keys(password + "\n")
    page.until(lambda: page.all("input[name=new]"), "an own password is asked for")
    page.find("input[name=password]").send_keys(password)
    for field in ("new", "again"):
        page.find(f"input[name={field}]").send_keys("a password of my own")
    page.find("#sign-in").click()
    page.until(lambda: "/login" not in page.driver.current_url, "Ines is in")


def test_a_configuration_is_compared_refused_and_brought_in(admin: Page, plant: Running) -> None:
    page = admin
    done = plant.command("config", "export")
    assert done.returncode == 0, done.stderr
    assert tomllib.loads(done.stdout)
    with tempfile.TemporaryDirectory() as folder:
        broken, changed = Path(folder) / "broken.toml", Path(folder) / "changed.toml"
        broken.write_text(done.stdout.replace('kind = "enterprise"', 'kind = "castle"', 1))
        changed.write_text(done.stdout.replace('name = "Solid dose"', 'name = "Solid dose forms"', 1))
        open_tab(page, "config")
        page.find(f"#{ids.UPLOAD} input[type=file]").send_keys(str(broken))
        page.until(lambda: "is refused as a whole" in page.text(f"#{body_id(ids.DIFFERENCES)}"), "mistakes are told", LIMIT_S)
        assert "castle" in page.text(f"#{body_id(ids.DIFFERENCES)}")
        page.find(f"#{ids.UPLOAD} input[type=file]").send_keys(str(changed))
        page.until(lambda: "Solid dose forms" in page.text(f"#{body_id(ids.DIFFERENCES)}"), "the difference is shown", LIMIT_S)
    click(page, ids.APPLY)
    page.until(lambda: "Say why" in page.text("main"), "it is not written without a reason")
    write(page, ids.CONFIG_REASON, "the name that people use")
    click(page, ids.APPLY)
    page.until(lambda: "made and on record" in page.text(f"#{body_id(ids.DIFFERENCES)}"), "it is written", LIMIT_S)
    assert 'name = "Solid dose forms"' in plant.command("config", "export").stdout


def test_a_source_is_looked_at_and_its_values_become_signals(admin: Page, plant: Running) -> None:
    """The virtual plant's own OPC UA server, under the name of a new source: its values find their machines by name."""
    page = admin
    open_tab(page, "connect")
    page.find(f"#{ids.TRY}")
    page.until(lambda: page.find(f"input#{ids.SITE}").get_attribute("value"), "the site is proposed", LIMIT_S)
    write(page, ids.URL, f"opc.tcp://127.0.0.1:{plant.environment['PLANTGLASS_PLANT_PORT']}/plantglass")
    click(page, ids.TRY)
    page.until(lambda: "values in" in page.text(f"#{ids.RUN_STATE}"), "the server was looked at", LIMIT_S)
    page.until(lambda: "feed a signal already" in page.text(f"#{ids.OFFER_SAID}"), "its values are known", LIMIT_S)
    assert page.all(f"#{ids.OFFER_GRID} .ag-row")
    assert page.complaints() == []


def test_a_value_that_is_saved_as_a_signal_arrives_in_the_historian(admin: Page, plant: Running) -> None:
    """The same server under another host name counts as a new source; one of its values is kept, saved, and collected."""
    page, name = admin, f"second-server-{int(time.time())}"
    open_tab(page, "connect")
    page.until(lambda: page.find(f"input#{ids.SITE}").get_attribute("value"), "the site is proposed", LIMIT_S)
    write(page, ids.URL, f"opc.tcp://localhost:{plant.environment['PLANTGLASS_PLANT_PORT']}/plantglass")
    write(page, ids.SOURCE_NAME, name)
    click(page, ids.TRY)
    page.until(lambda: page.all(f"#{ids.OFFER_GRID} .ag-row"), "its values are shown", LIMIT_S)
    ages = page.until(lambda: [a.text for a in page.all(f"#{ids.OFFER_GRID} .ag-row [col-id=age]") if a.text], "ages are told")
    assert all(re.search(r"\d (ms|s|min|h)", age) for age in ages)
    assert "good" in {a.text for a in page.all(f"#{ids.OFFER_GRID} .ag-row [col-id=quality]")}
    wanted = page.run(KEEP_ONE, ids.OFFER_GRID)
    assert wanted
    time.sleep(1)
    click(page, ids.PROPOSE)
    page.until(lambda: "tab=config" in page.driver.current_url, "the differences are next", LIMIT_S)
    page.until(lambda: wanted in page.text(f"#{body_id(ids.DIFFERENCES)}"), "the new signal is among them", LIMIT_S)
    write(page, ids.CONFIG_REASON, "a second server")
    click(page, ids.APPLY)
    page.until(lambda: "made and on record" in page.text(f"#{body_id(ids.DIFFERENCES)}"), "it is written", LIMIT_S)
    open_tab(page, "sources", name, ids.ACCOUNTS)
    page.until(lambda: stored(page, name) > 0, "its samples are stored", LIMIT_S)
    assert page.complaints() == []


KEEP_ONE = """
const api = window.dash_ag_grid.getApi(arguments[0]);
let kept = null;
api.deselectAll();
api.forEachNode(node => {
  const row = node.data;
  if (!kept && row.kind === 'float' && row.at && !row.taken_by && row.name.includes('temperature')) kept = node;
});
kept && kept.setSelected(true);
return kept && kept.data.name;
"""


def stored(page: Page, source: str) -> int:
    """How many samples of a source are stored, as the account says."""
    said = page.run(
        "return [...document.querySelectorAll('#' + arguments[0] + ' tr')]"
        ".filter(r => r.cells[0].innerText === arguments[1]).map(r => r.cells[2].innerText)[0] ?? '0'",
        body_id(ids.ACCOUNTS),
        source,
    )
    return int(re.sub(r"\D", "", said) or 0)


def test_topics_are_listened_to_and_reviewed_as_configuration(admin: Page, plant: Running) -> None:
    page = admin
    open_tab(page, "connect")
    page.until(lambda: page.find(f"input#{ids.SITE}").get_attribute("value"), "the site is proposed", LIMIT_S)
    page.find(f"#{ids.KIND} input[value=mqtt]").click()
    write(page, ids.HOST, "localhost")  # another name than the configured source's: so that it counts as a new one
    write(page, ids.PORT, plant.environment["PLANTGLASS_BROKER_PORT"])
    write(page, ids.TOPICS, "acme/dublin/#")
    write(page, ids.SECONDS, "8")
    click(page, ids.TRY)
    page.until(lambda: "messages on" in page.text(f"#{ids.RUN_STATE}"), "topics were heard", LIMIT_S)
    page.until(lambda: page.all(f"#{ids.OFFER_GRID} .ag-row"), "they are proposed", LIMIT_S)
    click(page, ids.PROPOSE)
    page.until(lambda: "tab=config" in page.driver.current_url, "the differences are next", LIMIT_S)
    page.until(lambda: "new-source" in page.text(f"#{body_id(ids.DIFFERENCES)}"), "the new source is among them", LIMIT_S)
    assert page.complaints() == []


def test_an_auditor_sees_everything_and_can_change_nothing(page: Page) -> None:
    page.sign_in("auditor")
    open_tab(page, "jobs", panel=ids.TURNS)
    assert buttons(page) & {"Run now", "Cancel"} == set()
    open_tab(page, "users", "operator", ids.PEOPLE)
    page.until(lambda: "operator" in page.text(f"#{body_id(ids.PERSON)}"), "the user is shown")
    assert buttons(page) & {"Add a user", "Add a grant", "Remove", "Switch off", "New one-time password"} == set()
    open_tab(page, "config")
    page.until(lambda: page.all(f"#{ids.EXPORT_NOW}"), "the configuration can be saved")
    assert page.all(f"#{ids.UPLOAD}") == []
    open_tab(page, "connect")
    page.until(lambda: "config.write" in page.text(f"#{ids.TAB}"), "the missing right is named")
    assert page.complaints() == []


POST = """
const done = arguments[arguments.length - 1], [wanted, values] = arguments;
const find = entry => entry.inputs.some(input => input.id + '.' + input.property === wanted) && !entry.clientside_function;
const give = part => ({id: part.id, property: part.property, value: values[part.id + '.' + part.property]});
const target = name => {
  const dot = name.lastIndexOf('.');
  return {id: name.slice(0, dot), property: name.slice(dot + 1).split('@')[0]};
};
const send = body => fetch('/_dash-update-component', {
  method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)}).then(r => r.text());
fetch('/_dash-dependencies').then(r => r.json()).then(all => Promise.all(all.filter(find).map(entry => {
  const outputs = entry.output.replace(/^\\.\\.|\\.\\.$/g, '').split('...').map(target);
  return send({
    output: entry.output, outputs: entry.output.startsWith('..') ? outputs : outputs[0],
    inputs: entry.inputs.map(give), state: (entry.state || []).map(give), changedPropIds: [wanted]});
}))).then(done);
"""


@pytest.mark.parametrize("role", ["operator", "auditor", "engineer"])
def test_what_is_not_shown_is_refused_as_well(page: Page, plant: Running, role: str) -> None:
    """The requests that an administrator's page would send, sent by somebody who has no such button."""
    page.sign_in(role)
    page.open("/")
    page.find("main")

    def refused(wanted: str, values: Mapping[str, object]) -> bool:
        page.driver.set_script_timeout(LIMIT_S)
        said = page.driver.execute_async_script(POST, wanted, values)
        return bool(said) and all("This needs the right" in answer for answer in said)

    for act, on in (("job.run", "storage.measure"), (users.DEACTIVATE, "1"), (users.PASSWORD, "1"), (users.TAKE_AWAY, "1")):
        what = {f"{ids.ACT_WHAT}.data": {"do": act, "on": on}}
        assert refused(f"{ids.ACT_WHAT}.data", what), act
        assert refused(f"{ids.ACT_GO}.n_clicks", what | {f"{ids.ACT_GO}.n_clicks": 1, f"{ids.ACT_REASON}.value": "x"}), act
    for button in (ids.ADD_PERSON, ids.ADD_GRANT, ids.APPLY, ids.PROPOSE):
        assert refused(f"{button}.n_clicks", {f"{button}.n_clicks": 1}), button
    form = {"kind": "opcua", "url": "opc.tcp://127.0.0.1:1/x", "site": "acme/dublin", "name": "x"}
    assert refused(f"{ids.FORM}.data", {f"{ids.FORM}.data": form})
    assert refused(f"{ids.UPLOAD}.contents", {f"{ids.UPLOAD}.contents": "data:;base64,eA=="})
    page.complaints()  # the browser's own words about what was refused


def test_the_audit_trail_is_filtered_by_the_address_and_shows_before_and_after(page: Page) -> None:
    page.sign_in("auditor")
    page.open("/audit?f.user=@people&from=now-7d")
    page.until(
        lambda: page.all(f"#{body_id(ids.AUDIT_LIST)} tbody tr, #{body_id(ids.AUDIT_LIST)} .pl-empty"),
        "the trail is shown",
        LIMIT_S,
    )
    page.open("/audit?f.record=role&from=now-7d")
    page.until(lambda: page.all(f"#{body_id(ids.AUDIT_LIST)} tbody a"), "the roles' entries are shown", LIMIT_S)
    page.all(f"#{body_id(ids.AUDIT_LIST)} tbody a")[0].click()
    page.until(lambda: "permissions" in page.text(f"#{body_id(ids.AUDIT_ENTRY)}"), "the entry shows what changed")
    assert "sel=" in page.driver.current_url
    page.until(lambda: "Verified to entry" in page.text(f"#{body_id(ids.AUDIT_CHECK)}"), "the chain was checked", LIMIT_S)
    checked = f"#{body_id(ids.AUDIT_CHECK)} [data-verified]"
    before = page.until(lambda: page.find(checked).get_attribute("data-at"), "the time of the check is known")
    click(page, ids.AUDIT_NOW)  # the check may end sooner than one can see it under way
    page.until(lambda: page.find(checked).get_attribute("data-at") != before, "a newer check is told", LIMIT_S)
    page.until(lambda: page.text(f"#{ids.AUDIT_NOW}") == "Check now", "another check may be asked for", LIMIT_S)
    assert page.complaints() == []


def test_an_operator_is_told_which_right_is_missing(page: Page) -> None:
    page.sign_in("operator")
    open_tab(page, "sources")
    page.until(lambda: "job.read" in page.text(f"#{ids.TAB}"), "the missing right is named")
    assert [a.text for a in page.all("nav a") if a.text in ("Admin", "Audit trail")] == []


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (820, 1180)])
def test_no_tab_has_barriers_in_either_theme(admin: Page, size: tuple[int, int]) -> None:
    page, found = admin, []
    page.resize(*size)
    page.driver.set_script_timeout(2 * LIMIT_S)

    def look(name: str) -> None:
        page.until(lambda: not page.all("main .pl-sk"), f"{name} is drawn", LIMIT_S)
        for theme in ("light", "dark"):
            page.choose_theme(theme)
            found.extend(f"{theme} {name}: {barrier}" for barrier in page.barriers())

    for tab in (t.key for t in TABS):
        open_tab(page, tab, "operator" if tab == "users" else "line-server")
        look(tab)
    page.open("/audit")
    look("audit")
    assert found == []
