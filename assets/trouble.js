/* The page in place of the application: asks for its own address until that is answered, then loads it. */
(function () {
  "use strict";
  var EVERY_MS = 5000, AWAY = 503;
  var line = document.getElementById("tries");
  if (!line) return;
  function say(words) { line.textContent = words.replace("{at}", new Date().toLocaleTimeString("en-GB")); }
  function ask() {
    fetch(window.location.href, { method: "HEAD", headers: { Accept: "text/html" }, cache: "no-store" })
      .then(function (response) {
        if (response.status !== AWAY) { window.location.reload(); return; }
        say(line.dataset.tried);
        setTimeout(ask, EVERY_MS);
      })
      .catch(function () { say(line.dataset.gone); setTimeout(ask, EVERY_MS); });
  }
  say(line.dataset.soon);
  setTimeout(ask, EVERY_MS);
})();
