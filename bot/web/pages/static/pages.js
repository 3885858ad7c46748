// What makes pages nicer where scripts run. Every page works without it.
"use strict";

// One open menu at a time; Escape and a click elsewhere close it.
const menus = "details.pop, details.me";
document.addEventListener("toggle", (event) => {
  if (!event.target.matches(menus) || !event.target.open) return;
  for (const other of document.querySelectorAll(menus)) {
    if (other !== event.target && !other.contains(event.target)) other.open = false;
  }
}, true);
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(menus)) {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(menus)) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Where navigation is wider than a phone, the page that one is on is in sight.
for (const here of document.querySelectorAll("nav [aria-current]")) {
  const list = here.closest("ul");
  for (const box of [list, list?.parentElement]) {
    if (!box || box.scrollWidth <= box.clientWidth) continue;
    box.scrollLeft += here.getBoundingClientRect().right - box.getBoundingClientRect().right + 32;
  }
}

// A form with data-sends sends itself when something in it is chosen; its button is for those without scripts.
for (const form of document.querySelectorAll("form[data-sends]")) {
  for (const button of form.querySelectorAll("[data-only-plain]")) button.hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}

// A question before what cannot be undone.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A form is sent once: what a double click makes twice nobody wants twice. After a while, or back on the page, it can be sent again.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (sent.has(event.target)) {
    event.preventDefault();
    return;
  }
  sent.add(event.target);
  window.setTimeout(() => sent.delete(event.target), 5000);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) sent.delete(form);
});

// A filter's empty fields need not stand in the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) {
    if (field.name && field.value === "") field.disabled = true;
  }
  window.setTimeout(() => {
    for (const field of event.target.elements) field.disabled = false;
  });
});

// What is copied is said, not only shown.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
    button.textContent = button.dataset.done;
  });
}
