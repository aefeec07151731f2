/* Light, dark, or as the system says; kept per browser. Runs before anything is drawn. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  if (plant.theme) return;
  var KEY = "plantglass.theme";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var listeners = [];

  function stored() {
    try { return localStorage.getItem(KEY); } catch (_blocked) { return null; }
  }
  function current() {
    var choice = stored();
    return choice === "light" || choice === "dark" ? choice : dark.matches ? "dark" : "light";
  }
  function apply() {
    var name = current();
    document.documentElement.setAttribute("data-bs-theme", name);
    if (document.body) document.body.dataset.agThemeMode = name;
    listeners.forEach(function (tell) { tell(name); });
  }
  plant.theme = {
    current: current,
    choice: function () { return stored() || "system"; },
    choose: function (choice) {
      try {
        if (choice === "light" || choice === "dark") localStorage.setItem(KEY, choice);
        else localStorage.removeItem(KEY);
      } catch (_blocked) { /* a browser that keeps nothing still gets the theme for this page */ }
      if (choice === "light" || choice === "dark") document.documentElement.setAttribute("data-bs-theme", choice);
      apply();
    },
    onChange: function (tell) { listeners.push(tell); }
  };
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  apply();
})();
