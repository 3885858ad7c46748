// The editor of surveys: a preview that follows typing, a rehearsal that tells how far it is. Every page works without it.
"use strict";

document.documentElement.classList.add("scripted");
const editor = document.getElementById("editor");
const preview = document.getElementById("preview");

function fieldsOf(form) {
  return new URLSearchParams(new FormData(form));
}

// The preview follows what is typed; an answer that is overtaken by a later one is thrown away.
if (editor && preview) {
  let waiting = 0;
  let asked = null;
  const show = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(editor.dataset.preview, { method: "POST", body: fieldsOf(editor), signal: asked.signal });
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      const focused = preview.contains(document.activeElement) ? document.activeElement.id : "";
      preview.innerHTML = html;
      preview.classList.remove("stale");
      plain(preview);
      if (focused) document.getElementById(focused)?.focus();
    } catch (error) {
      if (error.name !== "AbortError") preview.classList.add("stale");
    }
  };
  editor.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(show, 300);
  });
  plain(preview);
}

function plain(within) {
  for (const button of within.querySelectorAll("[data-only-plain]")) button.hidden = true;
}

// What was seen so far is added to its field by a click.
for (const list of document.querySelectorAll("[data-adds]")) {
  const field = document.getElementById(list.dataset.adds);
  for (const entry of list.children) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...entry.childNodes);
    entry.append(button);
    button.addEventListener("click", () => {
      const lines = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (!lines.includes(entry.dataset.value)) lines.push(entry.dataset.value);
      field.value = lines.join("\n");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

// What was typed is not lost by a click on another page.
let typed = editor?.dataset.unsaved === "yes";
editor?.addEventListener("input", (event) => {
  if (!["preview_channel", "days"].includes(event.target.name)) typed = true;
});
editor?.addEventListener("submit", () => { typed = false; });
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});

// The name of a desk's own field is asked for where one is looked at.
document.addEventListener("change", (event) => {
  if (event.target.name?.endsWith(".field")) {
    const own = document.getElementById(event.target.name.replace(/field$/, "own"));
    own?.classList.toggle("idle", event.target.value !== "fields.");
  }
});

// A rehearsal answers line by line: how far it is, and at last what it found.
const rehearse = document.getElementById("rehearse");
rehearse?.addEventListener("click", async (event) => {
  event.preventDefault();
  const place = document.getElementById("rehearsal");
  place.replaceChildren(document.getElementById("rehearsing").content.cloneNode(true));
  const bar = place.querySelector("progress");
  const words = place.querySelector(".small");
  rehearse.disabled = true;
  try {
    const answer = await fetch(rehearse.dataset.to, { method: "POST", body: fieldsOf(editor) });
    if (!answer.ok) throw new Error(answer.status);
    if (!answer.headers.get("content-type").includes("ndjson")) {
      place.innerHTML = await answer.text();
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const told = JSON.parse(line);
        if ("html" in told) {
          place.innerHTML = told.html;
        } else if (told.of) {
          bar.value = told.done / told.of;
          words.textContent = `${told.done.toLocaleString(document.documentElement.lang)} / ${told.of.toLocaleString(document.documentElement.lang)}`;
        }
      }
    }
  } catch {
    // The plain form says what went wrong.
    rehearse.disabled = false;
    editor.requestSubmit(rehearse);
  } finally {
    rehearse.disabled = false;
  }
});

// What is wrong is told first.
document.getElementById("problems")?.focus();
