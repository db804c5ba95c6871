// Shows /openapi.json in Swagger UI. It sends what a reader tries out with a test key alone.
"use strict";

const LIVE_KEY = /\b[spr]k_live_/;

function refuseLiveKeys(request) {
  const { Authorization: sent = "" } = request.headers ?? {};
  const said = sent.startsWith("Basic ") ? atob(sent.slice("Basic ".length)) : sent;
  if (LIVE_KEY.test(said)) {
    throw new Error("Live keys are not sent from this page. / Cette page n'envoie pas de clé réelle.");
  }
  return request;
}

// The viewer shows no samples of code by itself: they become the end of each description.
function showSamples(contract) {
  for (const item of Object.values(contract.paths)) {
    for (const operation of Object.values(item)) {
      for (const { label, lang, source } of operation["x-codeSamples"] ?? []) {
        const fence = "```" + (lang === "Shell" ? "sh" : lang.toLowerCase());
        operation.description += `\n\n**${label}**\n\n${fence}\n${source}\n` + "```\n";
      }
    }
  }
  return contract;
}

const show = (spec) => SwaggerUIBundle({
  spec,
  domNode: document.getElementById("reference"),
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  requestInterceptor: refuseLiveKeys,
  validatorUrl: null,
});

fetch(`/openapi.json?lang=${document.documentElement.lang}`)
  .then((answer) => answer.json())
  .then(showSamples)
  .then(show);
