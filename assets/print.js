/* Paper: what only the browser knows (place, range with its offset, time, user, address), and a page that fits the sheet. */
(function () {
  "use strict";
  var plant = (window.plant = window.plant || {});
  var UPRIGHT_PX = 700, ACROSS_PX = 960, WIDE_PX = 1300; /* what A4 and Letter both hold within the margins */

  function stamp(us, zone) {
    var fields = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    var at = new Date(us / 1000);
    var offset = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(at)
      .find(function (part) { return part.type === "timeZoneName"; }).value.replace("GMT", "") || "+00:00";
    return new Intl.DateTimeFormat("sv-SE", Object.assign({ timeZone: zone }, fields)).format(at) + " " + offset;
  }
  function text(css) { var element = document.querySelector(css); return element ? element.textContent.trim() : ""; }
  function range() {
    if (!plant.range) return "";
    var span = plant.span(), zone = plant.range.zone;
    return text("#range-label") + ": " + stamp(span.from_us, zone) + " \u2013 " + stamp(span.to_us, zone) + " (" + zone + ")";
  }
  function facts() {
    var zone = plant.range ? plant.range.zone : "UTC", menu = document.querySelector("#user-menu [data-who]");
    return {
      place: Array.from(document.querySelectorAll("#breadcrumb a, #breadcrumb b")).map(function (e) { return e.textContent; }).join(" \u203a "),
      range: range(),
      at: function (words) { return words.replace("{at}", stamp(plant.live.now() || Date.now() * 1000, zone)).replace("{who}", menu ? menu.dataset.who : ""); },
      address: window.location.href
    };
  }
  function fill() {
    var known = facts();
    document.querySelectorAll("#printed [data-print]").forEach(function (element) {
      var said = known[element.dataset.print];
      element.textContent = typeof said === "function" ? said(element.dataset.words) : said;
    });
  }
  /* Tables and drawings keep the width that they have on the screen, and the sheet shows all of it, smaller. */
  function fit() {
    var main = document.getElementById("main"), inner = main.clientWidth - parseFloat(getComputedStyle(main).paddingLeft) * 2;
    main.style.setProperty("--pl-drawn", inner + "px");
    main.classList.toggle("is-across", inner > WIDE_PX);
    main.style.setProperty("--pl-paper", Math.min(1, (inner > WIDE_PX ? ACROSS_PX : UPRIGHT_PX) / inner));
  }

  window.addEventListener("beforeprint", function () { fill(); fit(); });
})();
