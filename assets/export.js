/* A panel as a picture, made of its chart in the browser: twice the size, with title, range and footer. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var SCALE = 2, LEAST_WIDTH = 720, HEAD = 64, FOOT = 40;

  function text(element) { return element ? element.innerText.replace(/\s+/g, " ").trim() : ""; }
  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--pl-" + name).trim(); }
  function note(words, y, size, weight, anchor, ink) {
    return { text: words, xref: "paper", yref: "paper", x: 0, xanchor: "left", y: y, yanchor: anchor, showarrow: false, align: "left",
      font: { size: size, weight: weight, color: colour(ink), family: getComputedStyle(document.body).fontFamily } };
  }
  function plain(words) { return words.replace(/&/g, "&amp;").replace(/</g, "&lt;"); }
  function footer() {
    var now = plant.live && plant.live.now(), place = Array.from(document.querySelectorAll("#breadcrumb a, #breadcrumb b")).map(text).join(" \u203a ");
    var moment = (now ? new Date(now / 1000).toISOString().slice(0, 10) + " " : "") + text(document.getElementById("clock"));
    return [place, moment, "Plantglass", window.location.pathname].filter(Boolean).join(" \u00b7 ");
  }
  function drawn(panel, graph) {
    var layout = JSON.parse(JSON.stringify(graph.layout));
    var width = Math.max(LEAST_WIDTH, graph.clientWidth), height = graph.clientHeight + HEAD + FOOT;
    var margin = Object.assign({ t: 22, b: 46, l: 46, r: 46 }, layout.margin);
    var inside = Math.max(1, height - margin.t - margin.b - HEAD - FOOT);
    layout.width = width; layout.height = height; layout.autosize = false;
    layout.margin = Object.assign({}, margin, { t: margin.t + HEAD, b: margin.b + FOOT });
    layout.paper_bgcolor = layout.plot_bgcolor = colour("bg-panel");
    var above = 1 + (margin.t + HEAD - 8) / inside, below = -(margin.b + FOOT - 8) / inside;
    var words = [text(document.getElementById("range-label")), text(panel.querySelector("header .sub"))].filter(Boolean).join(" · ");
    layout.annotations = (layout.annotations || []).concat([
      note(plain(text(panel.querySelector("h2"))), above, 18, 600, "top", "text-1"),
      note(plain(words), 1 + (margin.t + HEAD - 34) / inside, 12, 400, "top", "text-2"),
      note(plain(footer()), below, 11, 400, "bottom", "text-2")
    ]);
    return { figure: { data: graph.data, layout: layout }, width: width, height: height };
  }
  function image(panel) {
    var graph = panel.querySelector(".js-plotly-plot");
    if (!graph || !window.Plotly) return Promise.reject(new Error("no chart"));
    var made = drawn(panel, graph);
    return window.Plotly.toImage(made.figure, { format: "png", scale: SCALE, width: made.width, height: made.height });
  }
  function save(address, panel) {
    var link = document.createElement("a");
    link.href = address;
    link.download = text(panel.querySelector("h2")).replace(/[^\w-]+/g, "-").toLowerCase() + ".png";
    link.setAttribute("download", link.download);
    document.body.appendChild(link);
    link.click();
    link.remove();
  }
  function bytes(address) {
    var coded = atob(address.split(",")[1]), found = new Uint8Array(coded.length);
    for (var i = 0; i < coded.length; i += 1) found[i] = coded.charCodeAt(i);
    return new Blob([found], { type: "image/png" });
  }
  plant.doing = plant.doing || {};
  plant.doing.png = function (button) {
    var panel = button.closest(".pl-panel");
    image(panel).then(function (address) {
      if (!button.dataset.copied) { save(address, panel); return null; }
      return navigator.clipboard.write([new ClipboardItem({ "image/png": bytes(address) })]);
    }).then(function () { plant.say(button.dataset.said); }, function (wrong) { plant.say(String(wrong.message || wrong)); });
  };
})();
