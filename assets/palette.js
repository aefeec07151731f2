/* The command palette: opens, moves the choice, goes. What is found comes from the server; the choice stays in the box, so
   that a screen reader hears it through aria-activedescendant. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});

  function dialog() { return document.getElementById("palette"); }
  function box() { return document.getElementById("palette-sought"); }
  function options() { return Array.from(document.querySelectorAll("#palette-list [role=option]")); }
  function chosen() { return document.querySelector("#palette-list [aria-selected=true]"); }

  function choose(option) {
    var before = chosen();
    if (before) before.setAttribute("aria-selected", "false");
    if (!option) { box().removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    box().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
  function move(by) {
    var all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  }
  function describe() {
    var input = box();
    if (!input || input.getAttribute("role")) return;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", "palette-list");
    new MutationObserver(function () { choose(options()[0]); }).observe(document.getElementById("palette-list"), { childList: true, subtree: true });
  }
  plant.palette = {
    open: function () {
      var found = dialog();
      if (!found || found.open) return;
      document.querySelectorAll("dialog[open]").forEach(function (other) { other.close(); });
      describe();
      window.dash_clientside.set_props("palette-sought", { value: "" });
      window.dash_clientside.set_props("palette-opened", { data: Date.now() });
      found.showModal();
      box().focus();
    },
    close: function () { var found = dialog(); if (found && found.open) found.close(); }
  };

  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog() && dialog().open) plant.palette.close(); else plant.palette.open();
      return;
    }
    if (!dialog() || !dialog().open) return;
    if (event.key === "ArrowDown") { event.preventDefault(); move(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
    else if (event.key === "Enter") { event.preventDefault(); if (chosen()) chosen().click(); }
  });
  /* An entry closes the palette before what it does, so that a dialog that it opens stays. */
  document.addEventListener("click", function (event) {
    if (!dialog() || !dialog().open) return;
    if (event.target === dialog() || event.target.closest("#palette [role=option]")) plant.palette.close();
  }, true);
})();
