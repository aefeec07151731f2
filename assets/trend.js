/* Draws what the server computed: puts in the theme's colours and template, appends the points of a live tick, and
   turns a zoom into the page's time range. The figure as it came stays here, colours as names ("@normal"), so that a
   change of theme asks the server nothing. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var functions = ((window.dash_clientside = window.dash_clientside || {}).trend = {});
  var kept = {}, before = null;
  var MOST = 2000;

  function colour(name, tokens) {
    var parts = name.slice(1).split("/"), hex = tokens[parts[0]];
    if (parts.length === 1) return hex;
    var rgb = [1, 3, 5].map(function (i) { return parseInt(hex.slice(i, i + 2), 16); });
    return "rgba(" + rgb.join(",") + "," + Number(parts[1]) / 100 + ")";
  }
  function resolve(value, tokens, key) {
    if (key === "x" || key === "y" || key === "customdata" || key === "text" && Array.isArray(value)) return value;
    if (typeof value === "string") return value.charAt(0) === "@" ? colour(value, tokens) : value;
    if (Array.isArray(value)) return value.map(function (part) { return resolve(part, tokens); });
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (name) { copy[name] = resolve(value[name], tokens, name); });
      return copy;
    }
    return value;
  }
  function themed(mine, paper) {
    var name = paper || (window.matchMedia("print").matches ? "print" : plant.theme.current());
    var drawn = resolve(mine.figure, window.plantTheme.tokens[name]);
    var beside = told(mine);
    if (beside) drawn.data.push(beside);
    drawn.layout.template = window.plantTheme.templates["plant_" + name];
    return drawn;
  }

  /* What the pointer is told beside the values: an unseen trace on the times of the longest line says the batch of each
     and, while live, how long ago it was. */
  function told(mine) {
    var line = null, now = plant.live.now();
    Object.keys(mine.traces).forEach(function (tag) {
      var trace = mine.figure.data[mine.traces[tag].line];
      if (!line || trace.x.length > line.x.length) line = trace;
    });
    if (!line || !mine.words) return null;
    var next = 0, batches = mine.batches;
    var text = line.x.map(function (x) {
      while (next < batches.length && batches[next].to !== null && batches[next].to <= x) next += 1;
      var batch = batches[next], words = [];
      if (batch && batch.from <= x) words.push(mine.words.batch.replace("{batch}", batch.name));
      if (mine.words.ago && now) words.push(mine.words.ago.replace("{age}", plant.live.duration(now - (x - mine.shift_ms) * 1000)));
      return words.join(" \u00b7 ");
    });
    return { type: "scatter", mode: "none", xaxis: "x", yaxis: line.yaxis, x: line.x, y: line.y, text: text, hovertemplate: "%{text}<extra></extra>", showlegend: false };
  }
  function passOn(batches, now, at) {
    var last = batches[batches.length - 1];
    if (last && now && last.name === now.name) return;
    if (last && last.to === null) last.to = now ? now.from : at;
    if (now) batches.push(now);
  }

  function cutIndex(x, cut) { var i = x.length; while (i > 0 && x[i - 1] >= cut) i -= 1; return i; }
  function joined(trace, part, cut, floor) {
    var end = cutIndex(trace.x, cut), start = 0;
    while (start < end - 1 && trace.x[start + 1] < floor) start += 1;
    Object.keys(part).forEach(function (name) { trace[name] = (trace[name] || []).slice(start, end).concat(part[name]).slice(-MOST); });
  }
  function extend(kept_, tick) {
    tick.rows.forEach(function (row) {
      var places = kept_.traces[row.tag];
      if (!places) return;
      Object.keys(row.parts).forEach(function (part) {
        if (places[part] === undefined) return;
        joined(kept_.figure.data[places[part]], row.parts[part], row.cut_ms, tick.from_ms);
      });
      if (places.label !== undefined && row.label) Object.assign(kept_.figure.layout.annotations[places.label], row.label);
    });
    kept_.figure.layout.xaxis.range = [tick.from_ms, tick.to_ms];
    Object.assign(kept_.after, tick.after);
    kept_.at = Math.max(kept_.at || 0, tick.at);
    passOn(kept_.batches, tick.batch, tick.to_ms);
  }
  function freshness(id, kept_) {
    var body = document.getElementById(id + "-body"), holder = document.getElementById(id + "-holder");
    if (holder) {
      holder.style.height = kept_.figure.layout.height + "px";
      holder.hidden = kept_.figure.data.length === 0 || !kept_.at;
    }
    if (!body) return;
    body.dataset.at = kept_.at || 0;
    body.dataset.hold = kept_.hold || 0;
  }

  /* Inputs: the figure's store, the tick's store, the theme's store. Outputs: the figure, and the stamp to ask from. */
  functions.draw = function (sent, tick, _theme, id) {
    var none = window.dash_clientside.no_update;
    var cause = (window.dash_clientside.callback_context.triggered[0] || {}).prop_id || "";
    var mine = kept[id];
    if (sent && (!mine || mine.made !== sent.made || mine.key !== sent.key)) {
      mine = kept[id] = { made: sent.made, figure: sent.figure, traces: sent.traces, key: sent.key, after: sent.after, at: sent.at, hold: sent.hold, widths: sent.widths, batches: sent.batches, words: sent.words, shift_ms: sent.shift_ms };
    } else if (cause.indexOf("tick") >= 0) {
      if (!mine || !tick || tick.key !== mine.key) return [none, none];
      if (!mine.figure.data.length) { /* nothing was there to be drawn: what comes now makes it a chart */
        if (tick.at) window.dash_clientside.set_props("refresh", { data: tick.at });
        return [none, none];
      }
      extend(mine, tick);
    }
    if (!mine || !mine.figure) return [none, none];
    freshness(id, mine);
    return [themed(mine), { after: mine.after, widths: mine.widths }];
  };

  /* Panels are busy from the change of the address until their content for it is there; a sheet dims what lasts. */
  functions.busy = function () {
    document.querySelectorAll(".pl-live-tab .pl-body").forEach(function (body) { body.setAttribute("aria-busy", "true"); });
    return window.dash_clientside.no_update;
  };
  functions.rest = function () {
    window.dash_clientside.callback_context.triggered.forEach(function (cause) {
      var body = document.getElementById(cause.prop_id.split(".")[0].replace(/-(figure|body)$/, "-body"));
      if (body) body.setAttribute("aria-busy", "false");
    });
    return window.dash_clientside.no_update;
  };

  /* A zoom becomes the page's range; a double click brings back the range before the first zoom. */
  functions.zoom = function (event, sent) {
    var none = window.dash_clientside.no_update;
    if (!event || !sent || !sent.figure) return none;
    if (event["xaxis.autorange"]) {
      if (before) { plant.address.change(before); before = null; }
      return none;
    }
    var from = event["xaxis.range[0]"], to = event["xaxis.range[1]"];
    if (from === undefined || to === undefined) return none;
    var query = new URLSearchParams(window.location.search);
    before = before || { from: query.get("from"), to: query.get("to") };
    plant.address.change({ from: instant(from, sent.shift_ms), to: instant(to, sent.shift_ms) });
    return none;
  };
  function instant(shown, shift) {
    var ms = typeof shown === "number" ? shown : Date.parse(String(shown).replace(" ", "T") + (String(shown).indexOf(":") > 0 ? "Z" : "T00:00Z"));
    return new Date(ms - shift).toISOString();
  }
  functions.theme = function () {
    plant.theme.onChange(function (name) { window.dash_clientside.set_props("theme", { data: name }); });
    return plant.theme.current();
  };
  /* Paper does not wait for a redraw by the framework, so the charts are painted at once. */
  function paint(name) {
    Object.keys(kept).forEach(function (id) {
      var box = document.getElementById(id), drawing = box && box.querySelector(".js-plotly-plot");
      if (!drawing || !drawing.data || !kept[id].figure) return;
      var drawn = themed(kept[id], name);
      window.Plotly.react(drawing, drawn.data, drawn.layout);
    });
  }
  window.addEventListener("beforeprint", function () { paint("print"); });
  window.addEventListener("afterprint", function () { paint(plant.theme.current()); });
})();
