/* The form of a saved view: gathers what was chosen, and closes when the server has kept it. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var functions = ((window.dash_clientside = window.dash_clientside || {}).saved = {});
  plant.doing = plant.doing || {};
  plant.doing.toggle = function (button) { button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true")); };

  function pressed() { return Array.from(document.querySelectorAll("#saved [aria-pressed=true]")); }
  functions.gather = function (clicks, name) {
    if (!clicks) return window.dash_clientside.no_update;
    var chosen = pressed().map(function (button) { return button.dataset.value; });
    return { name: name, roles: chosen.filter(function (value) { return value !== "saved-start"; }), start: chosen.indexOf("saved-start") >= 0, at: Date.now() };
  };
  functions.done = function (changed) {
    var dialog = document.getElementById("saved");
    if (!changed || !changed.saved || !dialog) return window.dash_clientside.no_update;
    pressed().forEach(plant.doing.toggle);
    dialog.close();
    plant.say(document.getElementById("saved-save").dataset.said);
    return "";
  };
})();
