/* The URL is the state of a page. This script owns it: links within the application, history, the dcc.Store that tells
   the callbacks. A change of the query alone does not lay the page out again, a change of the path does. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var STORE = "address";

  function current() {
    return {
      path: window.location.pathname,
      search: window.location.search,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"
    };
  }
  function tell() {
    if (plant.clearFailed) plant.clearFailed();
    if (document.getElementById("app")) window.dash_clientside.set_props(STORE, { data: current() }); /* before, `start` tells */
  }
  function go(href, replace) {
    var to = new URL(href, window.location.href);
    var before = window.location.pathname;
    if (to.pathname === before && to.search === window.location.search) return;
    window.history[replace ? "replaceState" : "pushState"]({}, "", to.pathname + to.search);
    if (to.pathname !== before) {
      plant.live.watch([]);
      window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
      window.scrollTo(0, 0);
    }
    tell();
  }
  function change(values, replace) {
    var query = new URLSearchParams(window.location.search);
    Object.keys(values).forEach(function (name) {
      if (values[name] === null || values[name] === "") query.delete(name);
      else query.set(name, values[name]);
    });
    var text = query.toString().replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3A/g, ":");
    go(window.location.pathname + (text ? "?" + text : ""), replace);
  }
  function isOurs(link, event) {
    return link && link.getAttribute("href") && link.getAttribute("href").charAt(0) === "/" && !link.target && !link.hasAttribute("download")
      && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a") : null;
    if (!isOurs(link, event)) return;
    event.preventDefault();
    var menu = link.closest("details[open]");
    if (menu) menu.open = false;
    go(link.getAttribute("href"));
  });
  window.addEventListener("popstate", tell);

  plant.address = { current: current, go: go, change: change };
  var functions = ((window.dash_clientside = window.dash_clientside || {}).address = {});
  functions.start = function () { return current(); };
  functions.apply = function (clicks, entered, enteredToo, from, to) {
    if (clicks || entered || enteredToo) change({ from: from, to: to });
    return window.dash_clientside.no_update;
  };
})();
