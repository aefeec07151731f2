/* The component of components/still.py: a tree of plain elements, `[tag, properties, content]`, drawn by React as it stands;
   an element without a tag is its content alone. */
(function () {
  "use strict";

  function draw(node) {
    if (!Array.isArray(node)) return node;
    var React = window.React;
    return React.createElement.apply(null, [node[0] || React.Fragment, node[0] ? node[1] : null].concat(node[2].map(draw)));
  }

  window.plantglass = window.plantglass || {};
  window.plantglass.Still = function (props) { return draw(props.tree); };
})();
