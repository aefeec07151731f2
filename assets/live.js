/* The pulse of every page: once a second one small request for the revisions of what the page shows. Only a changed
   revision runs a callback. `answer` is the one door: a stream could call it instead of `poll`. All times shown come
   from the server's clock in the answer, so that they stop when the answers stop. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var EVERY_MS = 1000, BEAT_MS = 5000, LATE_MS = 3000;
  var watched = { topics: [], live: false, zone: "UTC", zone_label: "" };
  var known = null, version = null, lastAnswer = null, lastBeat = 0, gone = false, now = null;

  function set(id, props) { window.dash_clientside.set_props(id, props); }
  function words(name) { var foot = document.getElementById("foot"); return (foot && foot.dataset[name]) || ""; }
  function two(n) { return (n < 10 ? "0" : "") + n; }

  function duration(us) {
    var s = Math.max(0, Math.floor(us / 1e6));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min";
    if (s < 86400) return Math.floor(s / 3600) + " h " + two(Math.floor((s % 3600) / 60)) + " min";
    return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
  }
  function clock(us, seconds) {
    var format = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: watched.zone };
    if (seconds) format.second = "2-digit";
    return new Intl.DateTimeFormat("en-GB", format).format(new Date(us / 1000));
  }

  function showAges() {
    document.querySelectorAll("[data-age-of]").forEach(function (element) {
      var text = duration(now - Number(element.dataset.ageOf));
      if (element.textContent !== text) element.textContent = text;
    });
    document.querySelectorAll("[data-hold]").forEach(function (element) {
      var at = Number(element.dataset.at), hold = Number(element.dataset.hold);
      element.classList.toggle("is-stale", hold > 0 && at > 0 && now - at > hold);
      if (at > 0) element.dataset.words = words("last").replace("{at}", clock(at, true));
    });
    var time = document.getElementById("clock");
    if (time) time.textContent = clock(now, true) + " " + watched.zone_label;
  }
  function showDot() {
    var dot = document.getElementById("live-dot");
    if (!dot) return;
    var state = gone ? "gone" : watched.live ? "live" : "paused";
    dot.className = "pl-live is-" + state;
    var text = words(state);
    if (gone) text = text.replace("{at}", now ? clock(now) : "");
    if (dot.textContent !== text) dot.textContent = text;
    document.body.classList.toggle("not-live", gone);
  }
  function showSources(sources) {
    var place = document.getElementById("foot-sources");
    if (!place) return;
    place.replaceChildren.apply(place, sources.map(function (source) {
      var span = document.createElement("span");
      var late = source.age_s === null || source.age_s > 3 * source.expected_s;
      span.textContent = source.name + " " + (source.age_s === null ? words("never") : words("ago").replace("{age}", duration(source.age_s * 1e6)));
      span.className = late || source.state !== "connected" ? "src is-away" : "src";
      span.title = source.name + ": " + source.state;
      return span;
    }));
  }
  function showEngine(age) {
    var place = document.getElementById("foot-engine");
    if (place) place.textContent = age !== null && age !== undefined && age < 30 ? words("running") : words("standing");
  }

  function changedTopics(revisions) {
    var names = Object.keys(revisions).filter(function (topic) { return known && known[topic] !== revisions[topic]; });
    known = revisions;
    return names;
  }
  function answer(body) {
    var returned = gone;
    gone = false;
    lastAnswer = Date.now();
    now = body.now;
    showDot();
    showAges();
    showSources(body.sources || []);
    showEngine(body.worker_age_s);
    if (version && body.version !== version) document.body.classList.add("is-outdated");
    version = version || body.version;
    var changed = changedTopics(body.revisions || {});
    if (returned) set("refresh", { data: now });
    else if (changed.length) set("live", { data: { now: now, changed: changed } });
    if (Date.now() - lastBeat >= BEAT_MS) { lastBeat = Date.now(); set("beat", { data: now }); }
  }
  function missing() {
    if (lastAnswer === null) lastAnswer = Date.now();
    if (!gone && Date.now() - lastAnswer >= LATE_MS) { gone = true; showDot(); }
  }
  function poll() {
    var gaveUp = new AbortController();
    var timer = setTimeout(function () { gaveUp.abort(); }, LATE_MS);
    var topics = encodeURIComponent(watched.topics.join(","));
    fetch("/live?t=" + topics, { headers: { Accept: "application/json" }, signal: gaveUp.signal })
      .then(function (response) {
        if (response.status === 401) { window.location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search)); return null; }
        return response.ok ? response.json() : null;
      })
      .then(function (body) { if (body) answer(body); else missing(); })
      .catch(missing)
      .finally(function () { clearTimeout(timer); setTimeout(poll, document.hidden ? BEAT_MS : EVERY_MS); });
  }

  plant.live = {
    answer: answer,
    duration: duration,
    now: function () { return now; },
    watch: function (topics) {
      if (topics.join() !== watched.topics.join()) known = null;
      watched.topics = topics;
    }
  };
  var functions = ((window.dash_clientside = window.dash_clientside || {}).live = {});
  functions.watch = function (what) {
    plant.live.watch((what || {}).topics || []);
    return window.dash_clientside.no_update;
  };
  functions.range = function (range) {
    plant.range = range;
    Object.assign(watched, range || { live: false });
    showDot();
    if (now) showAges();
    return window.dash_clientside.no_update;
  };
  window.addEventListener("load", poll);
})();
