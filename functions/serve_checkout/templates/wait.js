// Loads the page anew once it says something else; nobody's reading is interrupted before.
// In the words that the oldest phones know.
(function () {
  var main = document.querySelector("main");
  var pause = main.getAttribute("data-refresh-seconds") * 1000;
  function look() {
    var asked = new XMLHttpRequest();
    asked.open("GET", location.href);
    asked.responseType = "document";
    asked.timeout = 20000;
    asked.onloadend = function () {
      var now = asked.status === 200 && asked.response && asked.response.querySelector("main");
      if (now && now.outerHTML !== main.outerHTML) location.reload();
      else setTimeout(look, pause);
    };
    asked.send();
  }
  setTimeout(look, pause);
})();
