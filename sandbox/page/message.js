// One message. A change touches only the parts that it changed.

import { announce, grow, h, icon, iconButton, replace } from "./dom.js";
import { componentsView } from "./components.js";
import { embedView, shownInside } from "./embeds.js";
import { attachmentView, ownPath } from "./files.js";
import { messageMenu, REACTIONS, userMenu } from "./menus.js";
import { avatar, nameOf, withMentions, withNames } from "./people.js";
import { EPHEMERAL, IS_V2, LOADING, MAY, store } from "./store.js";
import { clock, fullTime, moment, plain, rich } from "./text.js";
import { showMenu } from "./floating.js";

const JOINED_MS = 7 * 60_000;
export const TOGETHER = (before, message) =>
  before && before.author.id === message.author.id && !message.message_reference && !isCommand(message)
  && before.flags % (2 * EPHEMERAL) < EPHEMERAL === message.flags % (2 * EPHEMERAL) < EPHEMERAL
  && new Date(message.timestamp) - new Date(before.timestamp) < JOINED_MS;

const isCommand = (message) => message.type === 20 || message.type === 23;

export class MessageView {
  #signatures = {};

  constructor(message, { onReply, onJump }) {
    this.message = message;
    this.actions = { onReply, onJump };
    const when = new Date(message.timestamp);
    const user = store.user(message.author.id) ?? message.author;
    this.day = h("div", { class: "day", role: "separator", hidden: true });
    this.lead = h("div", { class: "lead" });
    this.content = h("div", { class: "content" });
    this.attachments = h("div", { class: "attachments" });
    this.embeds = h("div", { class: "embeds" });
    this.components = h("div", { class: "components" });
    this.reactions = h("div", { class: "reactions" });
    this.note = h("div", { class: "note" });
    const face = h("button", { type: "button", class: "face", tabindex: "-1", "aria-label": `About ${nameOf(user)}`, on: { click: (event) => userMenu(event.currentTarget, user) } }, avatar(user));
    const name = h("span", { class: `name ${user.bot ? "is-bot" : ""}` }, nameOf(user));
    name.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      event.stopPropagation();
      userMenu({ x: event.clientX, y: event.clientY }, user);
    });
    this.article = h("article", { class: "message", id: `message-${message.id}`, tabindex: "-1", "aria-label": `${nameOf(user)}, ${moment(when)}` },
      this.lead, face, h("time", { class: "short-time", datetime: message.timestamp, "aria-hidden": "true" }, clock(when)),
      h("div", { class: "body" },
        h("div", { class: "by" }, name, user.bot && h("span", { class: "tag" }, "APP"),
          h("time", { datetime: message.timestamp, title: fullTime(when) }, moment(when))),
        this.content, this.attachments, this.embeds, this.components, this.reactions, this.note),
      this.#tools());
    this.article.addEventListener("contextmenu", (event) => this.#menu(event));
    this.article.addEventListener("keydown", (event) => this.#key(event));
    this.element = h("div", { class: "slot" }, this.day, this.article);
    this.update(message);
  }

  /** Show what the message says now. */
  update(message) {
    this.message = message;
    const part = (name, value, show) => {
      const signature = JSON.stringify(value);
      if (this.#signatures[name] === signature) return;
      this.#signatures[name] = signature;
      show();
    };
    const hides = shownInside(message);
    const files = message.flags & IS_V2 ? [] : (message.attachments ?? []).filter((file) => !hides.has(ownPath(file.url)));
    part("lead", [message.referenced_message ?? null, isCommand(message)], () => replace(this.lead, this.#lead()));
    part("content", [message.content, message.edited_timestamp !== null, message.flags & LOADING], () => this.#showContent());
    part("attachments", files.map((file) => file.id), () => replace(this.attachments, files.map(attachmentView)));
    part("embeds", message.embeds, () => replace(this.embeds, message.embeds.map((embed) => embedView(embed, message))));
    part("components", message.components, () => replace(this.components, componentsView(message.components, message)));
    part("reactions", [message.reactions ?? [], store.me], () => replace(this.reactions, this.#reactions()));
    part("note", message.flags & EPHEMERAL, () => replace(this.note, this.#note()));
    this.article.classList.toggle("concerns", store.concerns(message));
    this.article.classList.toggle("ephemeral", Boolean(message.flags & EPHEMERAL));
    this.showBusy();
  }

  /** Which of its components wait for the bot, and whether one waited in vain. */
  showBusy() {
    const entries = [...store.pending.values()].filter((entry) => entry.message === this.message.id && entry.part);
    for (const element of this.components.querySelectorAll("[data-part]")) {
      element.toggleAttribute("aria-busy", entries.some((entry) => entry.part === element.dataset.part && entry.state === "waiting"));
    }
    const failed = entries.find((entry) => entry.state === "failed");
    if (failed && !this.failure) {
      this.failure = h("div", { class: "failure", role: "alert" }, "The application did not respond",
        h("button", { type: "button", class: "quiet", on: { click: () => store.dismiss(failed.id) } }, "Dismiss"));
      this.note.after(this.failure);
    } else if (!failed) {
      this.failure?.remove();
      this.failure = null;
    }
  }

  join(isJoined) {
    this.article.classList.toggle("joined", isJoined);
  }

  showDay(text) {
    this.day.hidden = !text;
    this.day.textContent = text ?? "";
  }

  flash() {
    this.article.scrollIntoView({ block: "center" });
    this.article.focus({ preventScroll: true });
    this.article.classList.remove("flash");
    requestAnimationFrame(() => this.article.classList.add("flash"));
  }

  // -- parts -----------------------------------------------------------------------------------

  #lead() {
    const { message } = this;
    if (isCommand(message)) {
      const { user, name, command_type: kind } = message.interaction_metadata;
      const who = store.user(user.id) ?? user;
      return h("div", { class: "lead-line" }, icon("reply"), avatar(who, "tiny"), h("span", {}, h("strong", {}, nameOf(who)), " used ", h("code", {}, kind > 1 ? name : `/${name}`)));
    }
    if (!message.message_reference) return [];
    const quoted = message.referenced_message;
    if (!quoted) return h("div", { class: "lead-line" }, icon("reply"), h("em", {}, "The original message was deleted"));
    const author = store.user(quoted.author.id) ?? quoted.author;
    const said = plain(quoted.content, message) || (quoted.attachments?.length ? "A file" : "A message without text");
    return h("button", { type: "button", class: "lead-line", "aria-label": `Go to the message of ${nameOf(author)}: ${said}`, on: { click: () => this.actions.onJump(quoted.id) } },
      icon("reply"), avatar(author, "tiny"), h("strong", {}, nameOf(author)), h("span", { class: "quoted" }, said));
  }

  #showContent() {
    const { message } = this;
    if (message.flags & LOADING) {
      replace(this.content, h("div", { class: "thinking", role: "status" }, dots(), `${nameOf(message.author)} is thinking…`));
      return;
    }
    const text = rich(message.content, message);
    if (message.edited_timestamp && message.content) {
      const last = text.lastElementChild?.tagName === "P" ? text.lastElementChild : text;
      last.append(h("small", { class: "edited", title: moment(new Date(message.edited_timestamp)) }, " (edited)"));
    }
    const isEmoji = /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,12}$/u.test(message.content) && /\p{Extended_Pictographic}/u.test(message.content);
    text.classList.toggle("large", isEmoji);
    replace(this.content, message.content && text);
  }

  #reactions() {
    return (this.message.reactions ?? []).map(({ emoji, count, by }) => {
      const isOwn = by.includes(store.me);
      const names = by.map((id) => nameOf(store.user(id))).join(", ");
      return h("button", {
        type: "button", class: "reaction", "aria-pressed": String(isOwn), title: names, "aria-label": `${emoji.name}, ${count}: ${names}`,
        on: { click: () => store.act(isOwn ? "unreact" : "react", { message: this.message.id, emoji: emoji.name }) },
      }, h("span", { class: "emoji" }, emoji.name), String(count));
    });
  }

  #note() {
    if (!(this.message.flags & EPHEMERAL)) return [];
    return [icon("eye"), h("span", {}, "Only you can see this"), "·",
      h("button", { type: "button", class: "quiet", on: { click: () => this.delete() } }, "Dismiss message")];
  }

  #tools() {
    const react = (event) => showMenu(event.currentTarget, [{ element: this.reactionRow() }], "Reactions");
    return h("div", { class: "tools", role: "toolbar", "aria-label": "Actions for this message" },
      this.mayReact && iconButton("smile", "Add a reaction", react),
      store.maySend() && iconButton("reply", "Reply", () => this.actions.onReply(this.message)),
      this.isOwn && iconButton("edit", "Edit", () => this.edit()),
      iconButton("more", "More", (event) => messageMenu(event.currentTarget, this)));
  }

  reactionRow() {
    const row = REACTIONS.map((emoji) => h("button", {
      type: "button", class: "pick-emoji", role: "menuitem", "aria-label": `React with ${emoji}`,
      on: { click: () => store.act("react", { message: this.message.id, emoji }) },
    }, emoji));
    const element = h("div", { class: "emoji-row" }, row);
    element.addEventListener("click", () => element.closest(".menu")?.remove());
    return element;
  }

  // -- what a person does with it --------------------------------------------------------------

  get isOwn() {
    return this.message.author.id === store.me;
  }

  get mayDelete() {
    return this.isOwn || Boolean(this.message.flags & EPHEMERAL) || (store.channel().type !== 1 && store.may(MAY.manageMessages));
  }

  get mayReact() {
    return !(this.message.flags & EPHEMERAL) && store.may(MAY.react);
  }

  reply() {
    this.actions.onReply(this.message);
  }

  delete() {
    return store.act("delete", { message: this.message.id });
  }

  async copy() {
    await navigator.clipboard.writeText(this.message.content);
    announce("Copied");
  }

  /** Turn the text into a field until Enter or Escape. */
  edit() {
    if (this.editor) return;
    const field = h("textarea", { class: "edit-field", rows: 1, "aria-label": "Edit the message" });
    const close = () => {
      this.editor.remove();
      this.editor = null;
      this.content.hidden = false;
      document.getElementById("input")?.focus();
    };
    const save = async () => {
      const content = withMentions(field.value.trim());
      if (content !== this.message.content && !(await store.act("edit", { message: this.message.id, content }))) return;
      close();
    };
    field.value = withNames(this.message.content);
    field.addEventListener("input", () => grow(field));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        save();
      }
    });
    this.editor = h("div", { class: "editor" }, field, h("div", { class: "editor-help" },
      "Escape to ", h("button", { type: "button", class: "quiet", on: { click: close } }, "cancel"), " · Enter to ",
      h("button", { type: "button", class: "quiet", on: { click: save } }, "save")));
    this.content.hidden = true;
    this.content.after(this.editor);
    grow(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  #menu(event) {
    if (event.target.closest("a, textarea, input")) return;
    event.preventDefault();
    const isByKey = event.clientX === 0 && event.clientY === 0;
    messageMenu(isByKey ? this.article : { x: event.clientX, y: event.clientY }, this);
  }

  #key(event) {
    if (event.target !== this.article || event.ctrlKey || event.altKey || event.metaKey) return;
    const does = { r: () => store.maySend() && this.reply(), e: () => this.isOwn && this.edit(), Delete: () => this.mayDelete && this.delete(), m: () => messageMenu(this.article, this) }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}

export function dots() {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}
