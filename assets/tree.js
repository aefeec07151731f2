/* The location tree, drawn from a list of nodes: only open branches exist in the page, so that 2,000 machines cost
   nothing until they are looked at. Keyboard as in the ARIA tree pattern. Names are set as text, never as markup. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var KEY = "plantglass.tree", MOST = 400;
  var nodes = [], byId = {}, children = {}, states = {}, alarms = {}, filter = "", shown = "", place = {}, open = load();

  function load() { try { return new Set(JSON.parse(sessionStorage.getItem(KEY) || "[]")); } catch (_bad) { return new Set(); } }
  function keep() { try { sessionStorage.setItem(KEY, JSON.stringify(Array.from(open))); } catch (_blocked) { /* forgets on reload */ } }
  function root() { return document.getElementById("tree"); }
  function here() { return place.path || ""; }

  function take(list) {
    nodes = list || [];
    byId = {}; children = {};
    nodes.forEach(function (node) {
      byId[node.id] = node;
      (children[node.parent] = children[node.parent] || []).push(node);
    });
    if (!open.size) nodes.forEach(function (node) { if (node.kind === "enterprise" || node.kind === "site") open.add(node.id); });
  }
  function above(node) {
    var line = [];
    while (node && byId[node.parent]) { node = byId[node.parent]; line.push(node.id); }
    return line;
  }
  function reveal() {
    var node = nodes.find(function (n) { return n.path === here(); });
    if (node) above(node).forEach(function (id) { open.add(id); });
  }
  function wanted() {
    if (!filter) return null;
    var shown = new Set();
    nodes.forEach(function (node) {
      if (node.name.toLowerCase().indexOf(filter) < 0) return;
      shown.add(node.id);
      above(node).forEach(function (id) { shown.add(id); });
    });
    return shown;
  }
  function rows() {
    var found = [], shown = wanted();
    (function walk(list, depth) {
      (list || []).forEach(function (node) {
        if (shown && !shown.has(node.id)) return;
        var inner = children[node.id] || [];
        var expanded = shown ? true : open.has(node.id);
        found.push({ node: node, depth: depth, inner: inner.length > 0, expanded: expanded });
        if (expanded) walk(inner, depth + 1);
      });
    })(nodes.filter(function (node) { return !byId[node.parent]; }), 0);
    return found;
  }
  function href(node) {
    var query = new URLSearchParams(window.location.search);
    ["sel", "tab"].forEach(function (name) { query.delete(name); });
    query.set("at", node.path);
    return (node.kind === "machine" || node.kind === "room" ? "/machine?" : window.location.pathname === "/location" ? "/location?" : "/overview?") + query.toString().replace(/%2F/g, "/").replace(/%3A/g, ":");
  }
  function mark(className, label) {
    var element = document.createElement("i");
    element.className = className;
    if (label) { element.setAttribute("role", "img"); element.setAttribute("aria-label", label); }
    else element.setAttribute("aria-hidden", "true");
    return element;
  }
  function show(link, state) {
    var before = link.querySelector(":scope > .pl-shape");
    if (before && state && before.classList.contains("pl-shape--" + state[0])) return;
    if (before) before.remove();
    if (state) link.append(mark("pl-shape pl-shape--" + state[0], state[1]));
  }
  /* The worst alarm below that nobody has acknowledged: shape and count; the rule is its tooltip. */
  function warn(link, alarm) {
    var before = link.querySelector(".nd-alarm"), text = alarm ? alarm.join("|") : "";
    if ((before ? before.dataset.alarm : "") === text) return;
    if (before) before.remove();
    if (!alarm) return;
    var badge = document.createElement("span"), count = document.createElement("span");
    badge.className = "nd-alarm"; badge.dataset.alarm = text; badge.title = alarm[2];
    count.textContent = alarm[1];
    count.setAttribute("aria-hidden", "true");
    badge.append(mark("pl-shape pl-shape--" + alarm[0], alarm[2]), count);
    link.insertBefore(badge, link.querySelector(".lb").nextSibling);
  }
  function item(row, current) {
    var link = document.createElement("a"), name = document.createElement("span"), state = states[row.node.id];
    link.className = "nd" + (current ? " on" : "");
    link.href = href(row.node);
    link.style.setProperty("--d", row.depth);
    link.setAttribute("role", "treeitem");
    link.setAttribute("aria-level", row.depth + 1);
    link.dataset.id = row.node.id;
    link.tabIndex = -1;
    if (row.inner) link.setAttribute("aria-expanded", row.expanded);
    link.setAttribute("aria-selected", current);
    if (current) link.setAttribute("aria-current", "page");
    link.append(row.inner ? mark("pl-i pl-i--" + (row.expanded ? "down" : "right")) : mark("nd-gap"));
    name.className = "lb"; name.textContent = row.node.name; link.title = row.node.name;
    link.append(name);
    show(link, state);
    warn(link, alarms[row.node.id]);
    return link;
  }
  /* While the same rows are shown only their shapes change, so that nothing moves under the pointer. */
  function unchanged(box) {
    var now = here() + "|" + window.location.search + "|" + rows().map(function (row) { return row.node.id + (row.expanded ? "+" : "-"); }).join();
    if (now !== shown || !box.firstChild) { shown = now; return false; }
    Array.from(box.children).forEach(function (link) { show(link, states[link.dataset.id]); warn(link, alarms[link.dataset.id]); });
    return true;
  }
  function draw() {
    var box = root();
    if (!box || unchanged(box)) return;
    var focused = document.activeElement && box.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    var found = rows(), at = here(), drawn = found.slice(0, MOST).map(function (row) { return item(row, row.node.path === at); });
    box.replaceChildren.apply(box, drawn);
    var rest = document.getElementById("tree-rest");
    if (rest) rest.textContent = found.length > MOST ? rest.dataset.words.replace("{n}", found.length - MOST) : found.length ? "" : rest.dataset.none;
    var entry = box.querySelector('[data-id="' + focused + '"]') || box.querySelector('[aria-current="page"]') || drawn[0];
    if (entry) { entry.tabIndex = 0; if (focused) entry.focus(); }
  }
  function turn(id, expand) {
    if (expand) open.add(id); else open.delete(id);
    keep();
    draw();
  }
  function onKey(event) {
    var link = event.target.closest(".nd");
    if (!link) return;
    var all = Array.from(root().children), at = all.indexOf(link), id = Number(link.dataset.id), expanded = link.getAttribute("aria-expanded");
    var to = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all[all.length - 1] }[event.key];
    if (event.key === "ArrowRight" && expanded === "false") turn(id, true);
    else if (event.key === "ArrowRight") to = all[at + 1];
    else if (event.key === "ArrowLeft" && expanded === "true") turn(id, false);
    else if (event.key === "ArrowLeft") to = root().querySelector('[data-id="' + (byId[id] || {}).parent + '"]');
    else if (event.key === " ") link.click();
    else if (!to) return;
    event.preventDefault();
    if (to) { link.tabIndex = -1; to.tabIndex = 0; to.focus(); }
  }
  function onClick(event) {
    var arrow = event.target.closest(".nd > .pl-i");
    if (!arrow) return;
    event.preventDefault(); event.stopPropagation();
    var link = arrow.parentElement;
    turn(Number(link.dataset.id), link.getAttribute("aria-expanded") !== "true");
  }
  document.addEventListener("keydown", function (event) { if (event.target.closest && event.target.closest("#tree")) onKey(event); });
  document.addEventListener("click", function (event) { if (event.target.closest && event.target.closest("#tree")) onClick(event); }, true);
  /* Escape empties the filter; the field belongs to the framework, so it is told as if it had been typed. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || event.target.id !== "tree-filter" || !event.target.value) return;
    event.stopPropagation();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(event.target, "");
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  }, true);
  document.addEventListener("input", function (event) {
    if (event.target.id !== "tree-filter") return;
    filter = event.target.value.trim().toLowerCase();
    draw();
  });

  plant.tree = { rows: rows, draw: draw };
  var functions = ((window.dash_clientside = window.dash_clientside || {}).tree = {});
  functions.draw = function (list, marks, warnings, opened) {
    if (list && list !== nodes) take(list);
    states = marks || {};
    alarms = warnings || {};
    place = opened || place;
    reveal();
    draw();
    return window.dash_clientside.no_update;
  };
})();
