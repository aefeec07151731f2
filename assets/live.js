/* The pulse of every page: once a second one small request for the revisions of what the page shows. Only a changed
   revision runs a callback. `answer` is the one door: a stream could call it instead of `poll`. All times shown come
   from the server's clock in the answer, so that they stop when the answers stop. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var EVERY_MS = 1000, BEAT_MS = 5000, LATE_MS = 3000, FRAME_MS = 30000, begun = Date.now();
  var watched = { topics: [], live: false, zone: "UTC", zone_label: "" };
  var known = null, version = null, lastAnswer = null, lastBeat = 0, gone = false, now = null, shownPath = null, silent = "server";

  /* Before the layout is there nobody can be told; it starts from what holds then. */
  function set(id, props) { if (document.getElementById("app")) window.dash_clientside.set_props(id, props); }
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

  /* How far the history of a first start is filled in; nobody else is told. */
  function showFilling(filling) {
    var place = document.getElementById("foot-filling");
    if (!place) return;
    place.hidden = !filling;
    if (!filling) return;
    var failed = filling.state === "failed";
    var text = words(failed ? "unfilled" : "filling").replace("{filled}", filling.filled).replace("{days}", filling.days).replace("{why}", filling.message);
    place.className = failed ? "src is-away" : "filling";
    place.title = text;
    place.firstChild.style.setProperty("--x", 100 * filling.filled / filling.days + "%");
    if (place.lastChild.textContent !== text) place.lastChild.textContent = text;
  }
  /* Who does not answer: the database, when the server says so, or the server itself. */
  function showAway() {
    var banner = document.getElementById("away");
    if (!banner) return;
    banner.hidden = !gone;
    if (!gone) return;
    var text = words(silent).replace("{at}", clock(now || Date.now() * 1000)) + " " + words("then");
    if (banner.lastChild.textContent !== text) banner.lastChild.textContent = text;
  }

  function changedTopics(revisions) {
    var names = Object.keys(revisions).filter(function (topic) { return known && known[topic] !== revisions[topic]; });
    known = revisions;
    return names;
  }
  function answer(body) {
    var returned = gone;
    gone = false;
    silent = "server";
    lastAnswer = Date.now();
    now = body.now;
    showDot();
    showAges();
    showSources(body.sources || []);
    showEngine(body.worker_age_s);
    showFilling(body.filling);
    showAway();
    if (version && body.version !== version) document.body.classList.add("is-outdated");
    version = version || body.version;
    var changed = changedTopics(body.revisions || {});
    if (returned && shownPath !== window.location.pathname) { window.location.reload(); return; } /* its layout never came */
    shownPath = window.location.pathname;
    if (returned) set("refresh", { data: now });
    else if (changed.length) set("live", { data: { now: now, changed: changed } });
    if (Date.now() - lastBeat >= BEAT_MS) { lastBeat = Date.now(); set("beat", { data: now }); }
  }
  function missing() {
    if (lastAnswer === null) lastAnswer = Date.now();
    if (!gone && Date.now() - lastAnswer >= LATE_MS) { gone = true; showDot(); }
    showAway();
  }
  /* Answers are of use once the frame is drawn; a frame that does not come is asked for again. */
  function awaitFrame() {
    if (Date.now() - begun > FRAME_MS) window.location.reload();
    else setTimeout(poll, 50);
  }
  function poll() {
    if (!document.getElementById("live-dot")) { awaitFrame(); return; }
    var gaveUp = new AbortController();
    var timer = setTimeout(function () { gaveUp.abort(); }, LATE_MS);
    var topics = encodeURIComponent(watched.topics.join(","));
    fetch("/live?t=" + topics, { headers: { Accept: "application/json" }, signal: gaveUp.signal })
      .then(function (response) {
        if (response.status === 401) { window.location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search)); return null; }
        if (!response.ok) { if (response.status === 503) silent = "database"; missing(); return null; }
        return response.json();
      })
      .then(function (body) { if (body) answer(body); }, missing)
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
