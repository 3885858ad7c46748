import { MailPhone } from "/mail.js";

// The kinds of phones there can be, and where each one's JSON lives. A kind that this sandbox does not run answers
// 204 and is left out. What a kind cannot do (`acts`) is not offered in its menu.
export const kinds = [
  { kind: "telegram", title: "Telegram", api: "/customers", acts: ["photo", "voice", "sticker", "block", "unblock", "clear"] },
  { kind: "vk", title: "VK", api: "/vk/customers", acts: ["photo", "voice", "sticker", "allow", "deny", "block", "unblock", "clear"] },
  { kind: "viber", title: "Viber", api: "/viber/customers", acts: ["photo", "sticker", "allow", "deny", "clear"], replies: false },
  { kind: "email", title: "E-mail", api: "/mail/customers", Phone: MailPhone },
];
