/* Cell renderers of the tables: shapes, links, ages, coverage. Text is set as text. */
(function () {
  "use strict";
  var h = function () { return window.React.createElement.apply(null, arguments); };
  var cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  cells.PlaceLink = function (props) { return h("a", { href: props.data.href, className: "sb" }, props.value); };
  cells.StateChip = function (props) {
    var shape = props.data.shape ? h("i", { className: "pl-shape pl-shape--" + props.data.shape, "aria-hidden": "true" }) : null;
    return h("span", { className: "state_chip" }, shape, props.value);
  };
  /* Where not every column fits: what the row's own page tells first. The order is that in which they go. */
  var YIELDING = ["kind", "readings", "product"], FITS_PX = { kind: 1040, readings: 880, product: 640 };
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.fitPlaces = function (params) {
    var grid = document.getElementById("places-grid"), width = grid ? grid.clientWidth : 0;
    if (!width) return;
    YIELDING.forEach(function (name) {
      var column = params.api.getColumn(name);
      if (column && column.isVisible() !== width >= FITS_PX[name]) params.api.setColumnsVisible([name], width >= FITS_PX[name]);
    });
  };
  cells.Age = function (props) {
    return props.value === null || props.value === undefined ? "\u2014" : h("span", { "data-age-of": props.value }, props.data.last_words);
  };
  cells.Coverage = function (props) {
    if (props.value === null || props.value === undefined) return "\u2014";
    var weak = props.value < 0.8;
    return h("span", { className: "cov" + (weak ? " is-weak" : "") },
      h("span", { className: "meter", style: { "--x": 100 * props.value + "%" }, "aria-hidden": "true" }, h("i")), props.data.signals_words);
  };
})();
