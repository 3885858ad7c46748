// Customers' phones. Every text is set as text, never as markup; a phone is drawn from the JSON of its stand-in.
import { kinds } from "/kinds.js";
import { language, words } from "/words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// --- formatted text ---------------------------------------------------------------------------------------------

const marks = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote" };

function link(url) {
  const safe = /^(https?|tg|mailto):/i.test(url) ? url : null;
  const made = element(safe ? "a" : "u");
  if (safe) Object.assign(made, { href: safe, target: "_blank", rel: "noopener noreferrer" });
  return made;
}

/** The text as nodes. Offsets count UTF-16 units, as JavaScript's own strings do. */
function formatted(text, entities) {
  const cuts = new Set([0, text.length]);
  for (const { offset, length } of entities) cuts.add(offset).add(offset + length);
  const edges = [...cuts].sort((a, b) => a - b);
  const all = document.createDocumentFragment();
  for (let i = 0; i + 1 < edges.length; i += 1) {
    let node = document.createTextNode(text.slice(edges[i], edges[i + 1]));
    for (const entity of entities.toReversed()) {
      if (entity.offset > edges[i] || entity.offset + entity.length < edges[i + 1]) continue;
      let around = null;
      if (entity.type === "text_link") around = link(entity.url ?? "");
      else if (marks[entity.type]) around = element(marks[entity.type]);
      else if (entity.type === "bot_command") around = element("span", "command");
      else if (entity.type === "spoiler") around = element("span", "spoiler");
      if (around) { around.append(node); node = around; }
    }
    all.append(node);
  }
  return all;
}

// --- one phone --------------------------------------------------------------------------------------------------

class Phone {
  constructor(kind, customer) {
    this.kind = kind;
    this.bot = null;
    this.replyTo = null;
    this.drawn = new Map(); // message id → { json, node }
    this.seenTaps = null;
    this.root = $("#phone").content.firstElementChild.cloneNode(true);
    this.root.id = `phone-${kind.kind}-${customer.id}`;
    this.part = (selector) => $(selector, this.root);
    this.part(".badge").textContent = kind.title;
    this.part(".badge").classList.add(kind.kind);
    this.part(".menu summary").ariaLabel = words.menu;
    this.part("textarea").placeholder = words.write;
    this.part("textarea").ariaLabel = words.write;
    this.part(".send").ariaLabel = words.send;
    this.part(".replying-stop").ariaLabel = words.stopReply;
    this.part(".bots").ariaLabel = words.chooseBot;
    for (const button of this.root.querySelectorAll("[data-act]")) {
      button.textContent = words[button.dataset.act];
      button.addEventListener("click", () => { this.part(".menu").open = false; this.act(button.dataset.act, {}); });
    }
    this.chip = element("a", "chip");
    this.chip.href = `#${this.root.id}`;
    this.listen();
  }

  listen() {
    const field = this.part("textarea");
    const grow = () => { field.style.height = "auto"; field.style.height = `${Math.min(field.scrollHeight, 120)}px`; };
    field.addEventListener("input", grow);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.part("form").requestSubmit(); }
      if (event.key === "Escape") this.reply(null);
    });
    this.part("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      field.value = "";
      grow();
      const replyTo = this.replyTo;
      this.reply(null);
      if (!(await this.act("write", { text, reply_to: replyTo }))) { field.value = text; grow(); }
    });
    this.part(".start").addEventListener("click", () => this.act("start", {}));
    this.part(".replying-stop").addEventListener("click", () => this.reply(null));
    this.part(".bots").addEventListener("change", (event) => { this.bot = event.target.value; this.reset(); this.draw(this.customer); });
    document.addEventListener("click", (event) => { if (!this.part(".menu").contains(event.target)) this.part(".menu").open = false; });
    this.part(".menu").addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.part(".menu").open = false; this.part(".menu summary").focus(); }
    });
  }

  reset() {
    this.drawn.clear();
    this.part(".talk").replaceChildren();
    this.seenTaps = null;
    this.reply(null);
  }

  async act(name, content) {
    try {
      const answer = await fetch(`${this.kind.api}/${encodeURIComponent(this.customer.id)}/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ bot: this.bot, ...content }),
      });
      if (!answer.ok) this.toast((await answer.json()).error);
      return answer.ok;
    } catch {
      this.toast(words.offline);
      return false;
    }
  }

  reply(message) {
    this.replyTo = message?.id ?? null;
    this.part(".replying").hidden = !message;
    if (message) {
      this.part(".replying-text").textContent = words.replyTo + summary(message);
      this.part("textarea").focus();
    }
  }

  toast(text, alert = false) {
    const toast = this.part(".toast");
    clearTimeout(this.toastTimer);
    toast.replaceChildren(element("p", "", text));
    toast.classList.toggle("alert", alert);
    toast.hidden = false;
    if (alert) {
      const close = element("button", "", words.ok);
      close.type = "button";
      close.addEventListener("click", () => { toast.hidden = true; });
      toast.append(close);
      close.focus();
    } else {
      this.toastTimer = setTimeout(() => { toast.hidden = true; }, 3500);
    }
  }

  draw(customer) {
    this.customer = customer;
    const chat = customer.chats.find(({ bot }) => bot === this.bot) ?? customer.chats[0];
    if (!chat) return;
    this.bot = chat.bot;
    const talk = this.part(".talk");
    const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60; // before anything below it grows
    this.part(".owner-name").textContent = customer.name;
    this.root.ariaLabel = `${customer.name}, ${this.kind.title}`;
    this.chip.textContent = customer.name;
    this.drawBar(customer, chat);
    this.drawBoard(chat);
    this.drawTalk(chat, atEnd);
    this.drawTap(chat.tap);
  }

  drawBar(customer, chat) {
    const bots = this.part(".bots");
    const many = customer.chats.length > 1;
    bots.hidden = !many;
    this.part(".bar-title").hidden = many;
    const names = customer.chats.map(({ bot, title }) => [bot, title]);
    if (many && JSON.stringify(names) !== this.botNames) {
      this.botNames = JSON.stringify(names);
      bots.replaceChildren(...names.map(([bot, title]) => { const made = element("option", "", title); made.value = bot; return made; }));
    }
    if (many) bots.value = chat.bot;
    this.part(".bar-title").textContent = chat.title;
    this.part(".avatar").textContent = [...chat.title][0] ?? "?";
    this.part(".avatar").className = `avatar hue-${[...chat.bot].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6}`;
    const state = customer.deactivated ? words.gone : chat.blocked ? words.blocked : chat.denied ? words.denied : words.bot;
    this.part(".bar-state").textContent = state;
    for (const button of this.root.querySelectorAll("[data-act]")) {
      const name = button.dataset.act;
      const special = { unblock: chat.blocked, allow: chat.denied && !chat.blocked, deny: !chat.denied && !chat.blocked };
      const fits = special[name] ?? (name === "clear" || !chat.blocked);
      button.hidden = !this.kind.acts.includes(name) || !fits;
    }
    const closed = chat.blocked || !chat.started || customer.deactivated;
    this.part(".composer").hidden = closed || chat.input === "hidden";
    this.part(".composer").classList.toggle("minimized", chat.input === "minimized");
    this.part(".start").hidden = !closed || customer.deactivated;
    this.part(".start").textContent = chat.blocked ? words.restart : words.start;
    this.root.classList.toggle("blocked", chat.blocked || customer.deactivated);
    const below = chat.messages.findLast(({ reply_keyboard: rows, mine }) => !mine && rows.length);
    const rows = below?.reply_keyboard ?? [];
    this.part(".quick").hidden = closed || !rows.length;
    this.part(".quick").replaceChildren(...rows.map((row) => {
      const line = element("div", "row");
      for (const key of row) { // a label that is written, or a button with its place in the keyboard
        const button = element("button", `key ${key.colour ?? ""}`, key.text ?? key);
        button.type = "button";
        button.addEventListener("click", () => (key.place
          ? this.act("tap", { message_id: below.id, button: key.place })
          : this.act("write", { text: key })));
        line.append(button);
      }
      return line;
    }));
  }

  /** The keyboard that belongs to the chat and stands below the input field, until another message replaces it. */
  drawBoard(chat) {
    const board = this.part(".board");
    const json = JSON.stringify([chat.bot, chat.keyboard]);
    board.hidden = !chat.keyboard || this.part(".start").hidden === false || this.customer.deactivated;
    if (json === this.boardJson) return;
    this.boardJson = json;
    board.replaceChildren(...(chat.keyboard?.rows ?? []).map((row) => {
      const line = element("div", "row");
      line.style.gridTemplateColumns = `repeat(${chat.keyboard.columns}, 1fr)`;
      for (const button of row) {
        const key = element("button", "key");
        key.append(caption(button.text));
        key.type = "button";
        key.dataset.data = button.data ?? "";
        key.disabled = button.data === null;
        key.style.gridColumn = `span ${button.columns}`;
        if (button.color) Object.assign(key.style, { background: button.color, color: button.ink ?? "#000" });
        key.addEventListener("click", () => this.act("tap", { data: button.data }));
        line.append(key);
      }
      return line;
    }));
  }

  drawTalk(chat, atEnd) {
    const talk = this.part(".talk");
    const focused = document.activeElement?.dataset?.key;
    const present = new Set(chat.messages.map(({ id }) => id));
    let changed = false;
    for (const [id, { node }] of this.drawn) {
      if (!present.has(id)) { node.remove(); this.drawn.delete(id); }
    }
    $(".quiet", talk)?.remove();
    for (const message of chat.messages) {
      const target = chat.messages.find(({ id }) => id === message.reply_to);
      const json = JSON.stringify([message, target && summary(target)]);
      const known = this.drawn.get(message.id);
      if (known?.json === json) continue;
      changed = true;
      const node = this.message(message, target);
      if (known) { known.node.replaceWith(node); node.classList.add("still"); }
      else talk.append(node);
      this.drawn.set(message.id, { json, node });
    }
    if (!chat.messages.length) talk.append(element("p", "quiet", words.quiet));
    if (focused && document.activeElement === document.body) $(`[data-key="${CSS.escape(focused)}"]`, talk)?.focus();
    const resized = this.talkHeight !== talk.clientHeight;
    this.talkHeight = talk.clientHeight;
    if ((changed || resized) && atEnd) talk.scrollTo({ top: talk.scrollHeight, behavior: calm.matches ? "auto" : "smooth" });
  }

  message(message, target) {
    const node = element("div", `message ${message.mine ? "mine" : "theirs"}`);
    const bubble = element("div", `bubble${message.media === "sticker" ? " sticker" : ""}`);
    if (message.reply_to) bubble.append(element("p", "quoted", target ? summary(target) : "…"));
    if (message.media && message.media !== "sticker") bubble.append(this.media(message.media));
    const text = element("p", "text");
    text.append(formatted(message.text, message.entities));
    if (message.text) bubble.append(text);
    const time = new Date(message.date * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
    bubble.append(element("span", "time", (message.edited ? `${words.edited} ` : "") + time + (message.mine ? " ✓✓" : "")));
    const reply = element("button", "reply", "↩");
    reply.type = "button";
    reply.title = words.reply;
    reply.ariaLabel = `${words.reply}: ${summary(message)}`;
    reply.hidden = this.kind.replies === false;
    reply.addEventListener("click", () => this.reply(message));
    bubble.addEventListener("click", (event) => {
      if (!reply.hidden && !event.target.closest("a") && !getSelection().toString()) this.reply(message);
    });
    const line = element("div", "line");
    line.append(bubble, reply);
    node.append(line);
    if (message.keyboard.length) node.append(this.keyboard(message));
    return node;
  }

  media(kind) {
    const made = element("div", `media ${kind}`);
    made.append(element("span", "media-sign", kind === "photo" ? "🏞️" : "▶"));
    if (kind === "voice") made.append(element("span", "wave"));
    made.ariaLabel = words.media[kind] ?? kind;
    made.role = "img";
    return made;
  }

  keyboard(message) {
    const board = element("div", "keyboard");
    message.keyboard.forEach((row, r) => {
      const line = element("div", "row");
      row.forEach((button, c) => {
        const safe = /^(https?|tg):/i.test(button.url ?? "") ? button.url : null;
        const key = element(safe ? "a" : "button", `key ${button.colour ?? ""}`.trim());
        key.append(caption(button.text));
        key.dataset.key = `${this.root.id}/${message.id}/${r}/${c}`;
        if (safe) Object.assign(key, { href: safe, target: "_blank", rel: "noopener noreferrer" });
        else {
          key.type = "button";
          key.dataset.data = button.data ?? "";
          key.disabled = button.data === null;
          key.addEventListener("click", () => this.press(key, message, button));
        }
        line.append(key);
      });
      board.append(line);
    });
    return board;
  }

  async press(key, message, button) {
    key.classList.add("waiting");
    if (!(await this.act("tap", { message_id: message.id, data: button.data, button: button.place }))) key.classList.remove("waiting");
  }

  drawTap(tap) {
    const first = this.seenTaps === null;
    this.seenTaps ??= new Set();
    for (const key of this.root.querySelectorAll(".keyboard .key")) {
      const own = tap?.waiting && key.dataset.key.split("/")[1] === String(tap.message_id) && key.dataset.data === tap.data;
      key.classList.toggle("waiting", Boolean(own));
    }
    if (!tap || tap.waiting || this.seenTaps.has(tap.id)) return;
    this.seenTaps.add(tap.id);
    if (!first && tap.text) this.toast(tap.text, tap.alert);
  }
}

/** What stands on a key; a lone emoji is a face. */
function caption(text) {
  return element("span", /^\p{Extended_Pictographic}\uFE0F?$/u.test(text) ? "face" : "", text);
}

function summary(message) {
  const text = message.text || words.media[message.media] || "";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

// --- all phones -------------------------------------------------------------------------------------------------

const phones = new Map();
const troubled = new Set();

/** Put a phone where it belongs: one of each kind side by side, then the next of each. */
function insert(phone) {
  const next = [...phones.values()].filter(({ rank }) => rank > phone.rank).sort((a, b) => a.rank - b.rank)[0];
  $("#phones").insertBefore(phone.root, next?.root ?? null);
  $("#chips").insertBefore(phone.chip, next?.chip ?? null);
}

function drawAll(kind, customers) {
  const present = new Set();
  for (const customer of customers) {
    const key = `${kind.kind}/${customer.id}`;
    present.add(key);
    let phone = phones.get(key);
    if (!phone) {
      phone = new (kind.Phone ?? Phone)(kind, customer);
      phone.rank = customers.indexOf(customer) * kinds.length + kinds.indexOf(kind);
      insert(phone);
      phones.set(key, phone);
    }
    phone.draw(customer);
  }
  for (const [key, phone] of phones) {
    if (key.startsWith(`${kind.kind}/`) && !present.has(key)) { phone.root.remove(); phone.chip.remove(); phones.delete(key); }
  }
  $("#empty").hidden = phones.size > 0;
  $("#chips").hidden = phones.size < 2;
}

/** Follow one kind for ever: what it has now, then the next change, and so on. */
async function follow(kind) {
  let version = "";
  for (let pause = 1000; ;) {
    try {
      const answer = await fetch(version === "" ? kind.api : `${kind.api}?since=${version}&wait=25`);
      if (answer.status === 204) return; // this kind does not run here
      if (!answer.ok) throw new Error(String(answer.status));
      const content = await answer.json();
      version = content.version;
      pause = 1000;
      troubled.delete(kind.kind);
      drawAll(kind, content.customers);
    } catch (problem) {
      if (!(problem instanceof TypeError) && !/^\d+$/.test(problem.message)) console.error(problem);
      troubled.add(kind.kind);
      version = "";
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      pause = Math.min(pause * 2, 15000);
    }
    $("#offline").hidden = !troubled.size;
  }
}

document.documentElement.lang = language;
document.title = `${words.title} · Tapfive`;
for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
$("#offline").textContent = words.offline;
for (const kind of kinds) follow(kind);
