// The mail app on a customer's phone: its threads, a thread with its mails, an answer. The HTML of a mail is shown in
// a frame that runs nothing; everything else of it is set as text.
import { language } from "/words.js";

const all = {
  en: {
    inbox: "Inbox", back: "All mails", quiet: "No mails yet", noSubject: "(no subject)", answer: "Answer", send: "Send", sent: "Sent", refused: "Not delivered:",
    offline: "The sandbox does not answer. Trying again…", menu: "Menu", body: "The mail", quote: "Quote like", unread: "unread", me: "me",
    auto_reply: "Answer “out of office”", complain: "Report as spam", bounce: "Let it bounce", unsubscribe: "Unsubscribe", delete: "Delete", none: "no quote",
  },
  ru: {
    inbox: "Входящие", back: "Все письма", quiet: "Писем пока нет", noSubject: "(без темы)", answer: "Ответить", send: "Отправить", sent: "Отправлено", refused: "Не доставлено:",
    offline: "Песочница не отвечает. Пробуем снова…", menu: "Меню", body: "Письмо", quote: "Цитировать как", unread: "не прочитано", me: "я",
    auto_reply: "Автоответ «меня нет»", complain: "Это спам", bounce: "Вернуть письмо", unsubscribe: "Отписаться", delete: "Удалить", none: "без цитаты",
  },
};
const words = all[language];
const styles = ["gmail_en", "gmail_ru", "gmail_uk", "gmail_pl", "yandex", "mailru", "outlook_ru", "outlook_en", "iphone_ru", "below", "none"];
const acts = ["unsubscribe", "auto_reply", "complain", "bounce", "delete"];

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(className, text, listener) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", listener);
  return made;
}

const clock = (mail) => new Date(mail.date * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
const title = (chat) => chat.title || words.noSubject;

export class MailPhone {
  constructor(kind, customer) {
    this.kind = kind;
    this.open = null; // the thread that is read; null: the list is shown
    this.root = element("article", "phone mail");
    this.root.id = `phone-${kind.kind}-${customer.id}`;
    this.chip = element("a", "chip");
    this.chip.href = `#${encodeURIComponent(this.root.id)}`;
    this.name = element("span", "owner-name");
    const owner = element("header", "owner");
    owner.append(this.name, element("span", `badge ${kind.kind}`, kind.title));
    this.back = button("mail-back", "‹", () => this.show(null));
    this.back.ariaLabel = words.back;
    this.title = element("strong", "bar-title");
    this.state = element("span", "bar-state");
    const heading = element("div", "bar-text");
    heading.append(this.title, this.state);
    const bar = element("div", "bar");
    bar.append(this.back, heading, this.makeMenu());
    this.body = element("div", "mail-body");
    this.body.tabIndex = -1;
    this.toastBox = element("div", "toast");
    this.toastBox.role = "status";
    this.toastBox.hidden = true;
    const frame = element("div", "frame");
    frame.append(bar, this.body, this.toastBox, this.makeComposer());
    this.root.append(owner, frame);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (this.menu.open) { this.menu.open = false; this.menu.firstChild.focus(); } else if (this.open) this.show(null);
    });
  }

  makeMenu() {
    this.menu = element("details", "menu");
    const summary = element("summary", "", "⋮");
    summary.ariaLabel = words.menu;
    const list = element("div", "menu-list");
    for (const name of acts) {
      const made = button("", words[name], () => { this.menu.open = false; this.act(name, {}); });
      made.dataset.act = name;
      list.append(made);
    }
    this.menu.append(summary, list);
    document.addEventListener("click", (event) => { if (!this.menu.contains(event.target)) this.menu.open = false; });
    return this.menu;
  }

  makeComposer() {
    this.composer = element("form", "composer mail-composer");
    this.field = element("textarea");
    Object.assign(this.field, { rows: 2, maxLength: 4096, placeholder: words.answer, ariaLabel: words.answer });
    this.style = element("select");
    this.style.ariaLabel = words.quote;
    for (const name of styles) this.style.append(new Option(words[name] ?? name.replace("_", " "), name));
    this.style.value = language === "ru" ? "gmail_ru" : "gmail_en";
    const send = element("button", "mail-send", words.send);
    this.composer.append(this.field, this.style, send);
    this.composer.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (!text) return;
      const answer = await this.act("reply", { text, style: this.style.value });
      if (answer) this.field.value = "";
    });
    return this.composer;
  }

  get chat() { return this.customer.chats.find(({ bot }) => bot === this.open) ?? null; }

  /** The mail that an act is about: the newest of the thread that somebody else wrote. */
  get newest() { return this.chat?.messages.findLast(({ mine }) => !mine) ?? null; }

  async act(name, content, mail = this.newest) {
    if (!mail) return null;
    try {
      const answer = await fetch(`${this.kind.api}/${encodeURIComponent(this.customer.id)}/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ mail_id: mail.id, ...content }),
      });
      const told = await answer.json();
      if (!answer.ok) { this.toast(told.error); return null; }
      if (told.reply !== undefined) this.toast(told.reply.startsWith("2") ? words.sent : `${words.refused} ${told.reply || "–"}`);
      if (told.status !== undefined) this.toast(String(told.status ?? "–"));
      return told;
    } catch {
      this.toast(words.offline);
      return null;
    }
  }

  toast(text) {
    clearTimeout(this.toastTimer);
    this.toastBox.replaceChildren(element("p", "", text));
    this.toastBox.hidden = false;
    this.toastTimer = setTimeout(() => { this.toastBox.hidden = true; }, 3500);
  }

  show(thread) {
    const from = this.open;
    this.open = thread;
    this.drawn = null;
    this.draw(this.customer);
    if (thread) this.body.focus();
    else this.body.querySelector(`[data-thread="${from}"]`)?.focus();
  }

  draw(customer) {
    this.customer = customer;
    if (this.open && !this.chat) this.open = null;
    const { chat } = this;
    const unread = customer.chats.filter(({ messages }) => messages.some(({ seen }) => !seen)).length;
    this.name.textContent = customer.name;
    this.chip.textContent = customer.name;
    this.root.ariaLabel = `${customer.name}, ${this.kind.title}`;
    this.back.hidden = !chat;
    this.title.textContent = chat ? title(chat) : words.inbox;
    this.state.textContent = chat ? chat.messages[0].author : unread ? `${unread} ${words.unread}` : customer.id;
    this.menu.hidden = this.composer.hidden = !this.newest;
    for (const made of this.menu.querySelectorAll("[data-act]")) made.hidden = made.dataset.act === "unsubscribe" && !this.newest?.one_click;
    const json = JSON.stringify(chat ? chat.messages.map(({ id }) => id) : customer.chats);
    if (json === this.drawn) return; // a frame that is drawn again would load again
    this.drawn = json;
    if (chat) this.drawThread(chat);
    else this.drawList(customer.chats);
  }

  drawList(chats) {
    const focused = document.activeElement?.dataset?.thread;
    this.body.className = "mail-body mail-list";
    this.body.replaceChildren(...chats.map((chat) => {
      const last = chat.messages.at(-1);
      const row = button("mail-row", undefined, () => this.show(chat.bot));
      row.dataset.thread = chat.bot;
      row.classList.toggle("unread", chat.messages.some(({ seen }) => !seen));
      const text = last.text.split(/\s+/).join(" ").slice(0, 90);
      row.append(
        element("span", "mail-author", last.mine ? words.me : last.author),
        element("span", "mail-time", clock(last)),
        element("span", "mail-subject", title(chat)),
        element("span", "mail-snippet", text),
      );
      return row;
    }));
    if (!chats.length) this.body.append(element("p", "quiet", words.quiet));
    if (focused && this.root.contains(this.body)) this.body.querySelector(`[data-thread="${CSS.escape(focused)}"]`)?.focus();
  }

  drawThread(chat) {
    this.body.className = "mail-body mail-thread";
    const kept = new Map([...this.body.querySelectorAll("[data-mail]")].map((node) => [node.dataset.mail, node]));
    const nodes = chat.messages.map((mail) => kept.get(String(mail.id)) ?? this.drawMail(mail));
    for (const node of [...this.body.childNodes]) if (!nodes.includes(node)) node.remove();
    for (const node of nodes) if (!node.isConnected) this.body.append(node);
    if (kept.size) this.body.scrollTop = this.body.scrollHeight;
    for (const mail of chat.messages) if (!mail.seen) this.act("read", {}, mail);
  }

  drawMail(mail) {
    const node = element("section", mail.mine ? "mail-card mine" : "mail-card");
    node.dataset.mail = mail.id;
    const head = element("p", "mail-head");
    head.append(element("b", "", mail.mine ? words.me : mail.author), element("span", "mail-time", clock(mail)));
    node.append(head);
    if (mail.page && !mail.mine) {
      const frame = element("iframe", "mail-frame");
      frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
      Object.assign(frame, { title: `${words.body}: ${mail.subject}`, referrerPolicy: "no-referrer", src: mail.page });
      node.append(frame);
    } else {
      node.append(element("p", "mail-text", mail.text.trim()));
    }
    return node;
  }
}
