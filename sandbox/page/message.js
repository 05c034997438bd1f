// One message. A change touches only the parts that it changed.

import { announce, h, icon, iconButton, replace } from "./dom.js";
import { componentsView } from "./components.js";
import { embedView, shownInside } from "./embeds.js";
import { openEditor } from "./editor.js";
import { attachmentView, ownPath } from "./files.js";
import { closeFloating, showMenu } from "./floating.js";
import { isCommand, leadOf } from "./lead.js";
import { messageMenu, REACTIONS, userMenu } from "./menus.js";
import { avatar, nameOf } from "./people.js";
import { EPHEMERAL, IS_V2, LOADING, MAY, store } from "./store.js";
import { clock, fullTime, moment, rich } from "./text.js";

const JOINED_MS = 7 * 60_000;

/** Whether a message stands under the one before it without a name of its own. */
export const isJoined = (before, message) =>
  before &&
  before.author.id === message.author.id &&
  !message.message_reference &&
  !isCommand(message) &&
  (before.flags & EPHEMERAL) === (message.flags & EPHEMERAL) &&
  new Date(message.timestamp) - new Date(before.timestamp) < JOINED_MS;

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
    const face = h(
      "button",
      {
        type: "button",
        class: "face",
        tabindex: "-1",
        "aria-label": `About ${nameOf(user)}`,
        on: { click: (event) => userMenu(event.currentTarget, user) },
      },
      avatar(user),
    );
    const name = h("span", { class: `name ${user.bot ? "is-bot" : ""}` }, nameOf(user));
    name.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      event.stopPropagation();
      userMenu({ x: event.clientX, y: event.clientY }, user);
    });
    this.article = h(
      "article",
      {
        class: "message",
        id: `message-${message.id}`,
        tabindex: "-1",
        "aria-label": `${nameOf(user)}, ${moment(when)}`,
      },
      this.lead,
      face,
      h(
        "time",
        { class: "short-time", datetime: message.timestamp, "aria-hidden": "true" },
        clock(when),
      ),
      h(
        "div",
        { class: "body" },
        h(
          "div",
          { class: "by" },
          name,
          user.bot && h("span", { class: "tag" }, "APP"),
          h("time", { datetime: message.timestamp, title: fullTime(when) }, moment(when)),
        ),
        this.content,
        this.attachments,
        this.embeds,
        this.components,
        this.reactions,
        this.note,
      ),
      this.#tools(),
    );
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
    const files =
      message.flags & IS_V2
        ? []
        : (message.attachments ?? []).filter((file) => !hides.has(ownPath(file.url)));
    part("lead", [message.referenced_message ?? null, isCommand(message)], () =>
      replace(this.lead, leadOf(message, this.actions.onJump)),
    );
    part(
      "content",
      [message.content, message.edited_timestamp !== null, message.flags & LOADING],
      () => this.#showContent(),
    );
    part(
      "attachments",
      files.map((file) => file.id),
      () => replace(this.attachments, files.map(attachmentView)),
    );
    part("embeds", message.embeds, () =>
      replace(
        this.embeds,
        message.embeds.map((embed) => embedView(embed, message)),
      ),
    );
    part("components", message.components, () =>
      replace(this.components, componentsView(message.components, message)),
    );
    part("reactions", [message.reactions ?? [], store.me], () =>
      replace(this.reactions, this.#reactions()),
    );
    part("note", message.flags & EPHEMERAL, () => replace(this.note, this.#note()));
    this.article.classList.toggle("concerns", store.concerns(message));
    this.article.classList.toggle("ephemeral", Boolean(message.flags & EPHEMERAL));
    this.showBusy();
  }

  /** Which of its components wait for the bot, and whether one waited in vain. */
  showBusy() {
    const entries = [...store.pending.values()].filter(
      (entry) => entry.message === this.message.id && entry.part,
    );
    for (const element of this.components.querySelectorAll("[data-part]")) {
      element.toggleAttribute(
        "aria-busy",
        entries.some((entry) => entry.part === element.dataset.part && entry.state === "waiting"),
      );
    }
    const failed = entries.find((entry) => entry.state === "failed");
    if (failed && !this.failure) {
      this.failure = h(
        "div",
        { class: "failure", role: "alert" },
        "The application did not respond",
        h(
          "button",
          { type: "button", class: "quiet", on: { click: () => store.dismiss(failed.id) } },
          "Dismiss",
        ),
      );
      this.note.after(this.failure);
    } else if (!failed) {
      this.failure?.remove();
      this.failure = null;
    }
  }

  join(isIt) {
    this.article.classList.toggle("joined", isIt);
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

  #showContent() {
    const { message } = this;
    if (message.flags & LOADING) {
      replace(
        this.content,
        h(
          "div",
          { class: "thinking", role: "status" },
          dots(),
          `${nameOf(message.author)} is thinking…`,
        ),
      );
      return;
    }
    const text = rich(message.content, message);
    if (message.edited_timestamp && message.content) {
      const last = text.lastElementChild?.tagName === "P" ? text.lastElementChild : text;
      last.append(
        h(
          "small",
          { class: "edited", title: moment(new Date(message.edited_timestamp)) },
          " (edited)",
        ),
      );
    }
    const isEmoji =
      /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,12}$/u.test(message.content) &&
      /\p{Extended_Pictographic}/u.test(message.content);
    text.classList.toggle("large", isEmoji);
    replace(this.content, message.content && text);
  }

  #reactions() {
    return (this.message.reactions ?? []).map(({ emoji, count, by }) => {
      const isOwn = by.includes(store.me);
      const names = by.map((id) => nameOf(store.user(id))).join(", ");
      return h(
        "button",
        {
          type: "button",
          class: "reaction",
          "aria-pressed": String(isOwn),
          title: names,
          "aria-label": `${emoji.name}, ${count}: ${names}`,
          on: {
            click: () =>
              store.act(isOwn ? "unreact" : "react", {
                message: this.message.id,
                emoji: emoji.name,
              }),
          },
        },
        h("span", { class: "emoji" }, emoji.name),
        String(count),
      );
    });
  }

  #note() {
    if (!(this.message.flags & EPHEMERAL)) return [];
    return [
      icon("eye"),
      h("span", {}, "Only you can see this"),
      "·",
      h(
        "button",
        { type: "button", class: "quiet", on: { click: () => this.delete() } },
        "Dismiss message",
      ),
    ];
  }

  #tools() {
    const react = (event) =>
      showMenu(event.currentTarget, [{ element: this.reactionRow() }], "Reactions");
    return h(
      "div",
      { class: "tools", role: "toolbar", "aria-label": "Actions for this message" },
      this.mayReact && iconButton("smile", "Add a reaction", react),
      store.maySend() && iconButton("reply", "Reply", () => this.actions.onReply(this.message)),
      this.isOwn && iconButton("edit", "Edit", () => this.edit()),
      iconButton("more", "More", (event) => messageMenu(event.currentTarget, this)),
    );
  }

  reactionRow() {
    const row = REACTIONS.map((emoji) =>
      h(
        "button",
        {
          type: "button",
          class: "pick-emoji",
          role: "menuitem",
          "aria-label": `React with ${emoji}`,
          on: { click: () => store.act("react", { message: this.message.id, emoji }) },
        },
        emoji,
      ),
    );
    const element = h("div", { class: "emoji-row" }, row);
    element.addEventListener("click", closeFloating);
    return element;
  }

  // -- what a person does with it --------------------------------------------------------------

  get isOwn() {
    return this.message.author.id === store.me;
  }

  get mayDelete() {
    return (
      this.isOwn ||
      Boolean(this.message.flags & EPHEMERAL) ||
      (store.channel().type !== 1 && store.may(MAY.manageMessages))
    );
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

  edit() {
    if (!this.editor) openEditor(this);
  }

  #menu(event) {
    if (event.target.closest("a, textarea, input")) return;
    event.preventDefault();
    const isByKey = event.clientX === 0 && event.clientY === 0;
    messageMenu(isByKey ? this.article : { x: event.clientX, y: event.clientY }, this);
  }

  #key(event) {
    if (event.target !== this.article || event.ctrlKey || event.altKey || event.metaKey) return;
    const does = {
      r: () => store.maySend() && this.reply(),
      e: () => this.isOwn && this.edit(),
      Delete: () => this.mayDelete && this.delete(),
      m: () => messageMenu(this.article, this),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}

export function dots() {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}
