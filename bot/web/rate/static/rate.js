// Improves the rating page, which works without it. A link that was followed is no vote: programs follow links, too.
//
// The first thing that a person does on the page confirms the choice (kind=gesture). Where nobody does anything for two
// seconds of a page that can be seen, the linked choice is told once as what it is, automatic (kind=auto): it does not
// count by itself. Keys that only move never send anything, and neither does a choice that is merely being looked for by keys.
"use strict";
(() => {
  const WATCHED_MS = 2000;
  const SETTLES_MS = 400; // of several choices tapped in a row, the last is the one that is meant
  const MOVING_KEYS = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Escape"]);

  const form = document.getElementById("rate");
  const status = document.getElementById("status");
  const linked = form.dataset.linked || "";
  let told = ""; // the value that the last gesture sent
  let automatic = linked !== "";
  let pointed = false; // the choice is being made by finger or mouse
  let watching = 0;
  let settling = 0;
  let sending = null;

  const chosen = () => form.querySelector("input[name=value]:checked")?.value || "";

  async function send(kind, value) {
    sending?.abort(); // the newest is what counts, and an older one must not come after it
    const mine = (sending = new AbortController());
    const body = new URLSearchParams({ nonce: form.elements.nonce.value, value, kind });
    let saved = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, signal: mine.signal, keepalive: true, credentials: "omit", redirect: "error",
      });
      saved = answer.ok;
    } catch {
      if (mine.signal.aborted) return;
    }
    if (kind === "auto") return;
    if (!saved) told = "";
    status.textContent = saved ? form.dataset.saved : form.dataset.unsaved;
    status.className = saved ? "" : "failed";
  }

  function gesture() {
    clearTimeout(settling);
    settling = 0;
    const value = chosen();
    if (!value || value === told) return;
    automatic = false;
    told = value;
    send("gesture", value);
  }

  function watch() {
    clearTimeout(watching);
    if (automatic && !document.prerendering && document.visibilityState === "visible") {
      watching = setTimeout(nobody, WATCHED_MS);
    }
  }

  function nobody() {
    if (!automatic || chosen() !== linked) return;
    automatic = false;
    send("auto", linked);
  }

  const actsByItself = (target) => target.closest("a, button, summary") !== null;

  function touched(event) {
    if (!event.isTrusted) return;
    const choice = event.target.closest(".choice");
    pointed = choice !== null;
    if (choice && !choice.querySelector("input").checked) {
      clearTimeout(watching); // another choice is about to be made: `change` tells
    } else if (!actsByItself(event.target)) {
      gesture();
    }
  }

  document.addEventListener("pointerdown", touched, { passive: true });
  document.addEventListener("touchstart", touched, { passive: true });
  document.addEventListener("pointerup", watch, { passive: true });
  document.addEventListener("pointercancel", (event) => {
    if (event.isTrusted && pointed) gesture(); // it became a scroll: somebody is here, and no other choice was made
  }, { passive: true });
  document.addEventListener("keydown", (event) => {
    if (!event.isTrusted) return;
    pointed = false;
    const moves = MOVING_KEYS.has(event.key) || event.ctrlKey || event.altKey || event.metaKey;
    if (!moves && event.target.name !== "value" && !actsByItself(event.target)) gesture();
  });
  form.addEventListener("change", (event) => {
    if (!event.isTrusted || event.target.name !== "value") return;
    automatic = false;
    clearTimeout(settling);
    if (pointed) settling = setTimeout(gesture, SETTLES_MS);
  });
  form.addEventListener("submit", () => {
    automatic = false;
    clearTimeout(settling);
    settling = 0;
    sending?.abort();
  });
  addEventListener("pagehide", () => settling && gesture());
  document.addEventListener("visibilitychange", watch);
  document.addEventListener("prerenderingchange", watch);
  watch();
})();
