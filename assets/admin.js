/* The admin and audit pages: what needs no server. Filters become the address, forms are gathered, dialogs close when done. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var functions = ((window.dash_clientside = window.dash_clientside || {}).admin = {});
  var nothing = function () { return window.dash_clientside.no_update; };

  plant.doing = plant.doing || {};
  plant.doing.act = function (button) {
    var set = window.dash_clientside.set_props;
    set("admin-act-title", { children: button.textContent });
    set("admin-act-text", { children: "" });
    set("admin-act-what", { data: { do: button.dataset.act, on: button.dataset.on, at: Date.now() } });
    plant.doing.open({ dataset: { opens: "admin-act" } });
  };
  /* A table is not drawn anew while somebody works in it: the focus is in it, or something in it is opened. */
  var held = false;
  function look() {
    var focus = document.activeElement, tab = document.getElementById("admin-tab");
    var now = Boolean(tab && (tab.querySelector("table details[open]") || (focus && tab.contains(focus) && focus.closest("table"))));
    if (now === held || !tab) return;
    held = now;
    window.dash_clientside.set_props("admin-held", { data: held });
  }
  /* Dash draws radio buttons and check boxes as a listbox with inputs in its options, which no screen reader can use: they are
     what they look like, a group that its legend names. */
  function plain() {
    document.querySelectorAll(".dash-radioitems[role], .dash-checklist[role]").forEach(function (list) { list.removeAttribute("role"); });
    document.querySelectorAll(".dash-radioitems label[aria-selected], .dash-checklist label[aria-selected]").forEach(function (label) {
      label.removeAttribute("role");
      label.removeAttribute("aria-selected");
    });
  }
  new MutationObserver(plain).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
  ["focusin", "focusout", "toggle"].forEach(function (name) { document.addEventListener(name, function () { setTimeout(look, 0); }, true); });

  functions.done = function (done) {
    if (!done) return nothing();
    if (!done.keep) document.querySelectorAll("dialog.pl-dialog[open]").forEach(function (dialog) { dialog.close(); });
    plant.say(done.said);
    window.dash_clientside.set_props("refresh", { data: Date.now() });
    return nothing();
  };
  functions.kind = function (kind) { return [kind !== "opcua", kind !== "mqtt"]; };
  functions.form = function (clicks, kind, url, security, host, port, tls, topics, seconds, user, variable, file, site, name) {
    if (!clicks) return nothing();
    return { kind: kind, url: url, security: security, host: host, port: port, tls: (tls || []).length > 0, topics: topics, seconds: seconds,
      user: user, password_env: variable, password_file: file, site: site, name: name, at: Date.now() };
  };
  functions.go = function (text) {
    if (text && text.go && text.go !== functions.gone) {
      functions.gone = text.go;
      plant.address.change({ tab: "config", sel: null });
    }
    return nothing();
  };
  functions.filter = function (actor, table, action, words) {
    var query = new URLSearchParams(window.location.search);
    var wanted = { "f.user": actor || null, "f.record": table || null, "f.action": action || null, "f.words": words || null };
    var same = Object.keys(wanted).every(function (name) { return (query.get(name) || null) === wanted[name]; });
    if (!functions.filtered) { functions.filtered = true; return nothing(); }
    if (!same) plant.address.change(Object.assign(wanted, { before: null, sel: null }), true);
    return nothing();
  };
})();
