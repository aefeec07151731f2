/* Keyboard map, menus, dialogs, theme buttons, full screen, copy link: what needs no server. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var KEY = "plantglass.keys";
  var going = 0;

  function singleKeys() { try { return localStorage.getItem(KEY) !== "off"; } catch (_blocked) { return true; } }
  function typing(element) { return element.closest && element.closest("input, textarea, select, [contenteditable], [role=combobox], [role=listbox]"); }
  function press(element) {
    if (element.tagName === "SUMMARY") { element.parentElement.open = !element.parentElement.open; element.focus(); }
    else element.click();
  }
  function closeMenus(except) {
    document.querySelectorAll("details.pl-menu[open]").forEach(function (menu) {
      if (menu === except) return;
      var inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside && !except) menu.querySelector("summary").focus();
    });
  }
  function find(name, key) {
    return Array.from(document.querySelectorAll("[data-" + name + "]")).find(function (e) { return e.dataset[name] === key && e.offsetParent !== null; });
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      closeMenus(null);
      if (document.body.classList.contains("nav-open") && !document.querySelector("dialog[open]")) doing.nav();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (!singleKeys() && event.key !== "?") return;
    if (Date.now() - going < 1500) {
      going = 0;
      var page = document.querySelector("[data-go='" + CSS.escape(event.key) + "']");
      if (page) { event.preventDefault(); page.click(); }
      return;
    }
    if (event.key === "g") { going = Date.now(); return; }
    if (event.key === "f") { full(event.target.closest(".pl-panel") || document.querySelector(".pl-panel.is-main")); return; }
    var target = find("key", event.key);
    if (target) { event.preventDefault(); press(target); }
  });

  function full(panel) {
    if (!panel) return;
    if (document.fullscreenElement) document.exitFullscreen();
    else if (panel.requestFullscreen) panel.requestFullscreen();
  }
  function say(text) {
    var region = document.getElementById("toast");
    if (!region) return;
    region.textContent = text;
    setTimeout(function () { if (region.textContent === text) region.textContent = ""; }, 5000);
  }
  function copy(button) {
    var text = window.location.href;
    if (button.dataset.frozen && plant.range) text = plant.frozen();
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(function () { say(button.dataset.said); }, function () { say(text); });
    else say(text);
  }
  plant.say = say;
  plant.clearFailed = function () {
    document.querySelectorAll(".pl-failed:not(:empty)").forEach(function (slot) { window.dash_clientside.set_props(slot.id, { children: null }); });
  };
  var doing = plant.doing = Object.assign(plant.doing || {}, {
    palette: function () { plant.palette.open(); },
    print: function () { window.print(); },
    full: function (button) { full(button.closest(".pl-panel")); },
    copy: copy,
    open: function (button) { var dialog = document.getElementById(button.dataset.opens); if (dialog && !dialog.open) { dialog.showModal(); var first = dialog.querySelector("input"); if (first) first.focus(); }
      document.querySelectorAll("[data-do=keys]").forEach(function (b) { b.setAttribute("aria-pressed", String(singleKeys())); });
    },
    close: function (button) { var dialog = button.closest("dialog"); if (dialog) dialog.close(); },
    nav: function () { document.body.classList.toggle("nav-open"); document.querySelector(".pl-app").classList.toggle("nav-min"); },
    live: function () { plant.toggleLive(); },
    keys: function (button) {
      try { localStorage.setItem(KEY, singleKeys() ? "off" : "on"); } catch (_blocked) { return; }
      button.setAttribute("aria-pressed", String(singleKeys()));
    },
    pick: function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      var chosen = Array.from(button.parentElement.querySelectorAll("[aria-pressed=true]")).map(function (b) { return b.dataset.tag; });
      if (chosen.length > 5) chosen = chosen.filter(function (name) { return name !== button.dataset.tag; }).slice(-4).concat(button.dataset.tag);
      plant.address.change({ sel: chosen.join(",") });
    },
    reload: function () { window.location.reload(); },
    theme: function (button) { plant.theme.choose(button.dataset.theme); showTheme(); },
    again: function () { plant.clearFailed(); window.dash_clientside.set_props("refresh", { data: Date.now() }); },
    dismiss: function (button) { button.closest("[role=alert], [role=status]").hidden = true; }
  });
  function showTheme() {
    document.querySelectorAll("[data-theme]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.theme === plant.theme.choice())); });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-do]");
    var menu = event.target.closest("details.pl-menu");
    closeMenus(menu || document.body);
    if (!button) return;
    doing[button.dataset.do](button);
    if (menu && ["theme", "pick"].indexOf(button.dataset.do) < 0) menu.open = false;
  });
  document.addEventListener("toggle", function (event) {
    if (event.target.matches && event.target.matches("details.pl-menu")) {
      showTheme();
    }
  }, true);

  plant.range = plant.range || null;
  /* The range as it is shown now: one that is live has moved along since the server told it. */
  plant.span = function () {
    var range = plant.range, now = range.live && plant.live.now() || range.to_us, start = new URLSearchParams(window.location.search).get("from");
    var moved = !start || start.indexOf("now") === 0 ? now - range.to_us : 0;
    return { from_us: range.from_us + moved, to_us: now };
  };
  plant.frozen = function () {
    var url = new URL(window.location.href), span = plant.span();
    url.searchParams.set("from", new Date(span.from_us / 1000).toISOString());
    url.searchParams.set("to", new Date(span.to_us / 1000).toISOString());
    return url.href;
  };
  function back(s) {
    var unit = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]].find(function (u) { return s % u[1] === 0; });
    return "now-" + s / unit[1] + unit[0];
  }
  plant.toggleLive = function () {
    if (!plant.range) return;
    var span = plant.span();
    if (!plant.range.live) plant.address.change({ from: back(Math.round((span.to_us - span.from_us) / 1e6)), to: null });
    else plant.address.change({ from: new Date(span.from_us / 1000).toISOString(), to: new Date(span.to_us / 1000).toISOString() });
  };
})();
