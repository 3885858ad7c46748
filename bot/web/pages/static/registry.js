// The registry where scripts run: new ratings arrive by themselves, a long export shows how far it is.
"use strict";

// Days that are typed are meant: the choice beside them follows. A choice of what is shown drops a sort that it has not.
const filters = document.getElementById("filters");
if (filters) {
  for (const field of filters.querySelectorAll("[data-range]")) {
    field.addEventListener("input", () => {
      field.closest("fieldset").querySelector('input[type=radio][value="range"]').checked = true;
    });
  }
  filters.querySelector("[data-drops]").addEventListener("change", () => {
    filters.querySelector('input[name="sort"]')?.remove();
    filters.requestSubmit();
  });
}

// --- new ratings -------------------------------------------------------------------------------------------------

const live = document.getElementById("live");
const rows = document.getElementById("rows");
if (live && "EventSource" in window) {
  const button = document.getElementById("show-new");
  const ids = new Set();
  let found = null;
  let timer = 0;

  const ask = async () => {
    const address = new URL(live.dataset.new, location.href);
    for (const id of [...ids].slice(-200)) address.searchParams.append("id", id);
    const answer = await fetch(address, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    found = await answer.json();
    button.hidden = found.ids.length === 0;
    button.textContent = found.said;
  };
  const source = new EventSource(live.dataset.live);
  source.addEventListener("rating", (event) => {
    ids.add(JSON.parse(event.data).invitation);
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 300);
  });
  button.addEventListener("click", () => {
    if (!rows) {
      location.reload();
      return;
    }
    const held = document.createElement("template");
    held.innerHTML = `<table><tbody>${found.html}</tbody></table>`;
    for (const id of found.ids) document.getElementById(`i${id}`)?.remove();
    const fresh = [...held.content.querySelectorAll("tr")];
    rows.prepend(...fresh);
    ids.clear();
    button.hidden = true;
    fresh[0]?.querySelector("a")?.focus();
  });
}

// --- a long export -----------------------------------------------------------------------------------------------

const NEWLINE = 10;

// Reads lines of JSON, and after {"bytes": n} as many bytes.
async function* frames(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let kept = new Uint8Array(0);
  const more = async () => {
    const { done, value } = await reader.read();
    if (done) return false;
    const joined = new Uint8Array(kept.length + value.length);
    joined.set(kept);
    joined.set(value, kept.length);
    kept = joined;
    return true;
  };
  for (;;) {
    let end = kept.indexOf(NEWLINE);
    while (end < 0) {
      if (!(await more())) return;
      end = kept.indexOf(NEWLINE);
    }
    const told = JSON.parse(decoder.decode(kept.subarray(0, end)));
    kept = kept.slice(end + 1);
    if (told.bytes) {
      while (kept.length < told.bytes) if (!(await more())) return;
      told.block = kept.slice(0, told.bytes);
      kept = kept.slice(told.bytes);
    }
    yield told;
  }
}

const form = document.querySelector("#export form");
if (form) {
  const going = form.querySelector(".going");
  const bar = going.querySelector("progress");
  const said = going.querySelector("p");
  const button = form.querySelector("button.main");
  const numbers = new Intl.NumberFormat(document.documentElement.lang);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const address = new URL(form.action);
    for (const [name, value] of new FormData(form)) address.searchParams.append(name, value);
    address.searchParams.set("progress", "1");
    button.disabled = true;
    going.hidden = false;
    bar.removeAttribute("value");
    said.textContent = "";
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error((await answer.json()).problem);
      const total = Number(answer.headers.get("x-total-rows"));
      bar.max = Math.max(total, 1);
      const blocks = [];
      let whole = false;
      for await (const told of frames(answer.body)) {
        if (told.problem) throw new Error(told.problem);
        if (told.block) blocks.push(told.block);
        if (told.done) whole = true;
        if (told.rows !== undefined) {
          bar.value = told.rows;
          said.textContent = told.rows >= total
            ? form.dataset.packing
            : form.dataset.working.replace("{rows}", numbers.format(told.rows)).replace("{total}", numbers.format(total));
        }
      }
      if (!whole) throw new Error("");
      const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))[1];
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(blocks));
      link.download = name;
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      said.textContent = form.dataset.ready;
    } catch (problem) {
      said.textContent = problem.message && !(problem instanceof TypeError) && !(problem instanceof SyntaxError)
        ? problem.message
        : form.dataset.failed;
    } finally {
      button.disabled = false;
      bar.value = bar.max;
    }
  });
}
