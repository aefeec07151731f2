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
  /* Columns of the places that yield where the table is narrower than this: what the row's own page tells anyway. */
  var FITS_PX = { readings: 980, kind: 780, product: 700, batch: 620 };
  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.fitPlaces = function (params) {
    var grid = document.getElementById("location-grid"), width = grid ? grid.clientWidth : 0;
    if (!width) return;
    Object.keys(FITS_PX).forEach(function (name) {
      var column = params.api.getColumn(name), fits = width >= FITS_PX[name];
      if (column && column.isVisible() !== fits) params.api.setColumnsVisible([name], fits);
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
