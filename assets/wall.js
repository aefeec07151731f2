/* The wall display: once a second one request; its answer is written into the slots that the page has from the start.
   Nothing is added to or taken from the page, and the clock is the server's, so that it stops when the answers stop.
   3 s without an answer: tiles are hatched. 30 s: the frame says since when. Answers again: the page is loaded anew. */
(function () {
  "use strict";
  var EVERY_MS = 1000, LATE_MS = 3000, GONE_MS = 30000, SLOWEST_MS = 15000, OFF_MS = 5000, FIRST_MS = 5000, LONGEST_MS = 600000;
  var body = document.body, words = body.dataset, slots = {}, shown = {};
  var answeredAt = null, clock = "", failures = 0, off = false, reloading = false;

  function now() { return performance.now(); }
  function put(slot, name, value) {
    var key = slot + "|" + name, element = slots[slot];
    if (!element || shown[key] === value) return;
    shown[key] = value;
    if (name === "text") element.textContent = value;
    else element.setAttribute(name, value);
  }
  function putAll(all) {
    for (var slot in all) for (var name in all[slot]) put(slot, name, all[slot][name]);
  }
  function mark(name, on) { if (body.classList.contains(name) !== on) body.classList.toggle(name, on); }
  function short() { return clock.slice(0, 5); }

  /* Only after an answer, so that the server is there; and never in a hurry: the wait doubles when it did not help. */
  function reload() {
    var last = Number(sessionStorage.getItem("reloaded")) || 0, wait = Number(sessionStorage.getItem("wait")) || FIRST_MS;
    var since = Date.now() - last;
    if (reloading || (since >= 0 && since < wait)) return;
    sessionStorage.setItem("wait", String(since >= 0 && since < 10 * wait ? Math.min(LONGEST_MS, 2 * wait) : FIRST_MS));
    sessionStorage.setItem("reloaded", String(Date.now()));
    reloading = true;
    location.replace("/wall/display");
  }
  function outdated(answer) {
    return answer.version !== words.version || String(answer.device) !== words.device || answer.day !== words.day;
  }
  function answer(said) {
    var away = off || body.classList.contains("is-gone");
    answeredAt = now();
    failures = 0;
    off = false;
    mark("is-off", false);
    if (away || outdated(said)) reload();
    clock = said.clock;
    putAll(said.slots);
    put("clock", "text", said.clock);
    put("all", "style", "transform:translate(" + said.drift[0] + "px," + said.drift[1] + "px)");
    put("turn", "style", "width:" + (100 * said.passed).toFixed(1) + "%");
    mark("is-dim", said.dim);
    look();
  }
  function refused() {
    off = true;
    put("gone", "text", words.off);
    mark("is-gone", true);
    mark("is-off", true);
  }
  function look() {
    var silent = now() - answeredAt;
    if (off) return;
    mark("is-late", silent >= LATE_MS);
    if (silent >= GONE_MS) put("gone", "text", clock ? words.gone.replace("{at}", short()) : words.never);
    mark("is-gone", silent >= GONE_MS);
  }
  function pause() {
    if (off) return OFF_MS;
    if (now() - answeredAt < GONE_MS) return EVERY_MS;
    failures += 1;
    return Math.min(SLOWEST_MS, EVERY_MS * Math.pow(2, Math.min(failures, 4)));
  }
  function poll() {
    var gaveUp = new AbortController(), began = now();
    var timer = setTimeout(function () { gaveUp.abort(); }, LATE_MS);
    fetch("/wall/data", { headers: { Accept: "application/json" }, signal: gaveUp.signal, cache: "no-store" })
      .then(function (response) {
        if (response.status === 401 || response.status === 403) refused();
        return response.ok ? response.json() : null;
      })
      .then(function (said) { if (said) answer(said); })
      .catch(function () { return null; }) /* no answer: `look` says so when it lasts */
      .finally(function () {
        clearTimeout(timer);
        setTimeout(poll, Math.max(100, pause() - (now() - began)));
      });
  }
  function begin() {
    document.querySelectorAll("[data-w]").forEach(function (element) { slots[element.dataset.w] = element; });
    answeredAt = now();
    clock = words.clock;
    setInterval(look, EVERY_MS);
    poll();
  }
  if (!body.classList.contains("pl-wall")) return; /* Dash gives every page every script */
  window.plantWall = { answer: answer, look: look };
  begin();
})();
