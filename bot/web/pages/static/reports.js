// Draws the charts of a page, and keeps its cards fresh. Without it there are pictures and tables.
"use strict";

// The two days of one's own period are only shown when it is chosen; without scripts they always are.
for (const form of document.querySelectorAll("form[data-bar]")) {
  const period = form.elements.period;
  const days = form.querySelector(".days");
  const own = () => period.value === "days";
  const show = () => {
    days.hidden = !own();
    for (const field of days.querySelectorAll("input")) field.disabled = !own();
  };
  // Before pages.js sends the form: choosing days of one's own only shows the fields for them.
  form.addEventListener("change", (event) => {
    show();
    if (event.target === period && own()) {
      event.stopImmediatePropagation();
      days.querySelector("input").focus();
    }
  }, true);
  show();
}

const settings = JSON.parse(document.getElementById("chart-settings").textContent);

async function draw(place) {
  const { spec, config } = JSON.parse(document.getElementById(`chart-${place.dataset.chart}`).textContent);
  await window.vegaEmbed(place, spec, {
    actions: false,
    ast: true, // expressions are interpreted: the page lets no script be made of text
    config: { ...settings.config, ...config },
    defaultStyle: false,
    formatLocale: settings.format_locale,
    logLevel: 1, // errors; that a scale is empty before its data has come is none
    loader: { target: "_self" },
    renderer: "svg",
    timeFormatLocale: settings.time_format_locale,
    tooltip: { disableDefaultStyle: true },
  });
  // To a screen reader a chart is one picture with its description; the table below says the rest.
  place.setAttribute("role", "img");
  place.querySelector("svg").setAttribute("aria-hidden", "true");
  place.dataset.drawn = "";
}

// --- new ratings ---------------------------------------------------------------------------------------------------

// When one has come the page reads itself again, with its own filters and rights, at most every ten seconds.
const REST_MS = 10_000;
const fresh = document.querySelector("[data-live]");

async function refresh() {
  if (document.querySelector("[data-empty]")) {
    location.reload();
    return;
  }
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = document.getElementById("cards");
  const at = [...cards.querySelectorAll("a")].indexOf(document.activeElement);
  cards.replaceChildren(...page.getElementById("cards").childNodes);
  // Whoever is at a number by keyboard stays at it.
  if (at >= 0) cards.querySelectorAll("a")[at]?.focus({ preventScroll: true });
  const names = (of) => [...of.querySelectorAll("[data-chart]")].map((place) => place.dataset.chart).join();
  if (names(page) !== names(document)) {
    location.reload(); // a chart has its first data
    return;
  }
  for (const place of document.querySelectorAll("[data-chart]")) {
    const id = `chart-${place.dataset.chart}`;
    const data = page.getElementById(id);
    const known = document.getElementById(id);
    if (!data || data.textContent === known.textContent) continue;
    known.textContent = data.textContent;
    const twin = place.parentElement.querySelector("tbody");
    twin?.replaceChildren(...page.getElementById(id).parentElement.querySelector("tbody").childNodes);
    if ("drawn" in place.dataset) await draw(place);
  }
}

if (fresh && "EventSource" in window) {
  let timer = 0;
  let last = 0;
  new EventSource(fresh.dataset.live).addEventListener("rating", () => {
    if (timer) return;
    timer = window.setTimeout(async () => {
      last = Date.now();
      try {
        await refresh();
      } finally {
        timer = 0;
      }
    }, Math.max(500, last + REST_MS - Date.now()));
  });
}

// --- drawing -------------------------------------------------------------------------------------------------------

// What is seen first is drawn first; the rest as it comes into sight.
if (window.vegaEmbed) {
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watch.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "400px" });
  for (const place of document.querySelectorAll("[data-chart]")) watch.observe(place);
  window.addEventListener("beforeprint", () => {
    for (const place of document.querySelectorAll("[data-chart]:not([data-drawn])")) draw(place);
  });
}
