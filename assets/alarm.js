/* The alarm list: a row is chosen by j, k or the arrows, Enter opens it, a acknowledges it and chooses the next, n lets new
   rows in, Escape closes the side panel. While the pointer or the focus is in the list its order is held, so that nothing
   moves under the hand: the server draws the same rows in the same order and counts what is new. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var held = false, going = 0, count = 0, kept = null;

  function set(id, data) { window.dash_clientside.set_props(id, { data: data }); }
  function table() { return document.querySelector("[data-alarms]"); }
  function rows() { var box = table(); return box && box.offsetParent !== null ? Array.from(box.querySelectorAll("tr[data-alarm]")) : []; }
  function chosen() { return document.activeElement && document.activeElement.closest ? document.activeElement.closest("tr[data-alarm]") : null; }
  function ids() { return rows().map(function (row) { return Number(row.dataset.alarm); }); }

  function hold() {
    if (held || !table()) return;
    held = true;
    set("alarm-held", { ids: ids() });
  }
  function release(again) {
    if (!held) return;
    held = false;
    set("alarm-held", null);
    set("alarm-release", ++count);
    if (again) setTimeout(function () { if (inside()) hold(); }, 1500);
  }
  function inside() { var box = table(); return box && (box.matches(":hover") || box.contains(document.activeElement)); }
  function leave() { setTimeout(function () { if (!inside()) release(); }, 200); }

  function choose(row) {
    if (!row) return;
    kept = row.dataset.alarm;
    rows().forEach(function (other) { other.tabIndex = -1; });
    row.tabIndex = 0;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function acknowledge(id) { set("alarm-ack", { ids: [Number(id)], n: ++count }); }
  function next(row) {
    var all = rows(), at = all.indexOf(row);
    return all.slice(at + 1).concat(all.slice(0, at)).find(function (other) { return other.dataset.unacked; });
  }
  function answer(row) {
    if (!row || !row.dataset.unacked || !row.querySelector("[data-ack]")) return;
    var following = next(row);
    acknowledge(row.dataset.alarm);
    choose(following || row);
  }
  function open(row) { if (row && row.dataset.definition) plant.address.change({ sel: row.dataset.definition }); }
  function close() {
    if (document.getElementById("alarm-side").hidden) return;
    plant.address.change({ sel: null });
    restore();
  }
  /* A list that is drawn anew has new rows: the chosen one gets the focus back, unless it went elsewhere meanwhile. */
  function restore() { choose(rows().find(function (row) { return row.dataset.alarm === kept; })); }
  new MutationObserver(function () {
    if (kept && document.activeElement === document.body && table()) restore();
  }).observe(document.documentElement, { childList: true, subtree: true });

  function singleKeys() { try { return localStorage.getItem("plantglass.keys") !== "off"; } catch (_blocked) { return true; } }
  function busy(event) {
    return event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], details.pl-menu[open]")
      || event.target.closest("input, textarea, select, [contenteditable]");
  }
  function step(by) {
    var all = rows(), at = all.indexOf(chosen());
    choose(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]);
  }
  var moves = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };
  function act(event) {
    var row = chosen();
    if (event.key in moves && (event.key.length === 1 || row)) { step(moves[event.key]); return true; }
    if (event.key === "Enter" && row === event.target) { open(row); return true; }
    if ((event.key === "a" || event.key === "A") && row) { answer(row); return true; }
    if (event.key === "n" && held) { release(true); return true; }
    return false;
  }
  document.addEventListener("keydown", function (event) {
    if (!document.getElementById("alarm-side") || !event.target.closest) return;
    if (event.key === "Escape" && !document.querySelector("dialog[open], details.pl-menu[open]")) { close(); return; }
    if (busy(event) || !rows().length) return;
    if (event.key === "g") { going = Date.now(); return; }
    if (Date.now() - going < 1500) { going = 0; return; }
    if (event.key.length === 1 && !singleKeys()) return;
    if (act(event)) event.preventDefault();
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-ack], [data-release]"), row = event.target.closest("tr[data-alarm]");
    if (button && button.dataset.ack) { acknowledge(button.dataset.ack); return; }
    if (button) { release(true); return; }
    if (row && !event.target.closest("a, button")) { choose(row); open(row); }
  });
  document.addEventListener("mouseover", function (event) { if (event.target.closest && event.target.closest("[data-alarms]")) hold(); });
  document.addEventListener("mouseout", function (event) { if (event.target.closest && event.target.closest("[data-alarms]")) leave(); });
  document.addEventListener("focusin", function (event) { if (event.target.closest("[data-alarms]")) hold(); });
  document.addEventListener("focusout", function (event) {
    if (!event.target.closest("[data-alarms]")) return;
    if (event.relatedTarget && !event.relatedTarget.closest("[data-alarms], #alarm-side")) kept = null;
    leave();
  });
  document.addEventListener("mousedown", function (event) { if (!event.target.closest("[data-alarms], #alarm-side")) kept = null; });
})();
