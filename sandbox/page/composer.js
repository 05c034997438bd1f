// Where messages are written: text, files, replies, mentions and commands.

import { CommandForm, fitting, slashCommands } from "./commands.js";
import { byId, grow, h, icon, iconButton, notify, replace } from "./dom.js";
import { takeFiles, Tray } from "./files.js";
import { float, List } from "./floating.js";
import { avatar, channelName, nameById, nameOf, withMentions } from "./people.js";
import { dots } from "./message.js";
import { MAY, store } from "./store.js";

const LONGEST = 2000;
const TYPING_EVERY_MS = 8000;
const COMMAND = /^\/([-\w ]*)$/;
const MENTION = /(^|\s)@([\w ]{0,30})$/;

export class Composer {
  #replyTo = null;
  #form = null;
  #panel = null;
  #commands = [];
  #loading = null;
  #typedAt = 0;
  #drafts = new Map();

  constructor(timeline) {
    this.timeline = timeline;
    this.tray = new Tray({ onChange: () => this.#changed() });
    this.input = h("textarea", {
      id: "input",
      rows: 1,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-label": "Message",
    });
    this.list = new List(this.input, (item) => item.choose());
    this.reply = h("div", { class: "replying", hidden: true });
    this.count = h("span", { class: "count", hidden: true });
    this.typing = h("div", { class: "typing", "aria-live": "polite" });
    this.attach = iconButton("plus", "Add files", () => this.tray.choose());
    this.sendButton = iconButton("send", "Send", () => this.send(), {
      class: "icon-button send",
      disabled: true,
    });
    this.box = h(
      "div",
      { class: "box" },
      this.reply,
      this.tray.element,
      h("div", { class: "line" }, this.attach, this.input, this.count, this.sendButton),
    );
    this.stage = h("div", { class: "stage" }, this.box);
    replace(byId("composer"), this.stage, this.typing);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.#panel?.close());
    takeFiles(byId("main"), (files) => this.#take(files));
    store.on("channel", () => this.#moved());
    store.on("channels", () => this.#allow());
    store.on("typing", () => this.#showTyping());
    store.on("mention", (user) => this.insert(`@${nameOf(user)} `));
  }

  // -- what others ask of it -----------------------------------------------------------------

  replyTo(message) {
    this.#replyTo = message;
    this.reply.hidden = !message;
    if (message) {
      replace(
        this.reply,
        icon("reply"),
        h("span", {}, "Replying to ", h("strong", {}, nameOf(message.author))),
        iconButton("close", "Do not reply", () => this.replyTo(null)),
      );
      this.#leaveCommand();
    }
    this.input.focus();
  }

  insert(text) {
    this.#leaveCommand();
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    this.input.value = value.slice(0, from) + text + value.slice(to);
    this.input.focus();
    this.input.setSelectionRange(from + text.length, from + text.length);
    this.#typed();
  }

  // -- sending ---------------------------------------------------------------------------------

  async send() {
    if (COMMAND.test(this.input.value) && !this.tray.files.length) {
      // The list may still be on its way: what looks like a command is not said by mistake.
      await this.#loading;
      if (this.#panel) return this.list.items[this.list.at].choose();
    }
    let content = withMentions(this.input.value.trim());
    const files = [...this.tray.files];
    if (!content && !files.length) return;
    if (content.length > LONGEST) {
      files.push(new File([content], "message.txt", { type: "text/plain" }));
      content = "";
    }
    const before = { text: this.input.value, files: this.tray.files, reply: this.#replyTo };
    this.input.value = "";
    this.tray.clear();
    this.replyTo(null);
    this.#changed();
    const sent = await store.act(
      "send",
      { content, reply_to: before.reply?.id },
      files.map((file) => ["files", file]),
    );
    if (sent || this.input.value) return;
    this.input.value = before.text;
    this.tray.add(before.files);
    if (before.reply) this.replyTo(before.reply);
    this.#changed();
  }

  #take(files) {
    if (this.#form) return;
    if (!store.may(MAY.attach)) notify("You do not have the permission to attach files here.");
    else this.tray.add(files);
    this.input.focus();
  }

  // -- typing ----------------------------------------------------------------------------------

  #typed() {
    this.#changed();
    this.#suggest();
    const now = Date.now();
    if (
      !this.input.value ||
      this.input.value.startsWith("/") ||
      now - this.#typedAt < TYPING_EVERY_MS
    )
      return;
    this.#typedAt = now;
    store.act("type", {});
  }

  #changed() {
    grow(this.input);
    const length = this.input.value.length;
    this.sendButton.disabled = !this.input.value.trim() && !this.tray.files.length;
    this.count.hidden = length < LONGEST - 200;
    this.count.textContent = length > LONGEST ? "as message.txt" : String(LONGEST - length);
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.#panel && this.list.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      event.preventDefault();
      const own = this.timeline.lastOwn();
      if (own) own.edit();
      else this.timeline.focusNewest();
    } else if (event.key === "Escape" && this.#replyTo) {
      this.replyTo(null);
    }
  }

  // -- commands and mentions while typing --------------------------------------------------------

  #suggest() {
    const text = this.input.value;
    const mention = MENTION.exec(text.slice(0, this.input.selectionStart));
    if (COMMAND.test(text)) this.#suggestCommands(text.slice(1));
    else if (text.startsWith("/") && this.#maybeEnter(text)) return;
    else if (mention) this.#suggestPeople(mention[2]);
    else this.#panel?.close();
  }

  #suggestCommands(typed) {
    if (!typed) this.#loadCommands();
    if (this.#maybeEnter(`/${typed}`)) return;
    const found = fitting(this.#commands, typed);
    this.#offer(
      found.map((command) => ({
        label: `/${command.path}`,
        description: command.description,
        lead: () => avatar(store.user(store.bot), "small"),
        choose: () => this.#enter(command, ""),
      })),
      "Commands",
    );
  }

  /** The bot may have changed them since; what is typed meanwhile is looked at again. */
  async #loadCommands() {
    const place = `${store.me} ${store.current}`;
    this.#loading = slashCommands();
    const commands = await this.#loading;
    if (place !== `${store.me} ${store.current}`) return;
    this.#commands = commands;
    if (COMMAND.test(this.input.value) && document.activeElement === this.input)
      this.#suggestCommands(this.input.value.slice(1));
  }

  /** A whole name followed by a space is a choice. */
  #maybeEnter(text) {
    const typed = text.slice(1);
    const command = this.#commands.find(({ path }) => typed.startsWith(`${path} `));
    if (command) this.#enter(command, typed.slice(command.path.length + 1));
    return Boolean(command);
  }

  #suggestPeople(typed) {
    const people = [...store.users.values()].filter((user) =>
      nameOf(user).toLowerCase().startsWith(typed.toLowerCase()),
    );
    this.#offer(
      people.map((user) => ({
        label: nameOf(user),
        description: user.bot ? "App" : "",
        lead: () => avatar(user, "small"),
        choose: () => this.#complete(typed, user),
      })),
      "People",
    );
  }

  #complete(typed, user) {
    const at = this.input.selectionStart - typed.length;
    const name = `${nameOf(user)} `;
    this.input.setRangeText(name, at, this.input.selectionStart, "end");
    this.#panel?.close();
    this.#changed();
  }

  #offer(items, label) {
    if (!items.length) return this.#panel?.close();
    this.list.element.setAttribute("aria-label", label);
    this.list.show(items);
    if (!this.#panel) {
      this.#panel = float(this.list.element, this.box, {
        above: true,
        isAsWide: true,
        onClose: () => {
          this.#panel = null;
          this.input.setAttribute("aria-expanded", "false");
        },
      });
    }
    this.input.setAttribute("aria-expanded", "true");
    this.#panel.place();
  }

  #enter(command, text) {
    this.#panel?.close();
    this.input.value = "";
    this.#changed();
    this.replyTo(null);
    this.#form = new CommandForm(command, { onDone: () => this.#leaveCommand() });
    replace(this.stage, this.#form.element);
    this.#form.focus(text.trim());
  }

  #leaveCommand() {
    if (!this.#form) return;
    this.#form = null;
    replace(this.stage, this.box);
    this.input.focus();
  }

  // -- where it stands ---------------------------------------------------------------------------

  #moved() {
    this.#leaveCommand();
    if (this.shownFor) this.#drafts.set(this.shownFor, this.input.value);
    this.shownFor = `${store.me} ${store.current}`;
    this.input.value = this.#drafts.get(this.shownFor) ?? "";
    this.#typedAt = 0;
    this.tray.clear();
    this.#allow();
    this.#showTyping();
    this.#commands = [];
    this.#loadCommands();
    const isTouch = matchMedia("(pointer: coarse)").matches;
    this.replyTo(null);
    if (isTouch) this.input.blur();
  }

  #allow() {
    const channel = store.channel();
    const maySend = store.maySend(channel);
    const where = channel.type === 1 ? `@${nameById(store.bot)}` : `#${channelName(channel)}`;
    this.input.disabled = !maySend;
    this.attach.disabled = !maySend || !store.may(MAY.attach, channel);
    this.input.placeholder = maySend
      ? `Message ${where}`
      : "You do not have the permission to send messages here";
    this.input.setAttribute("aria-label", maySend ? `Message ${where}` : this.input.placeholder);
    this.box.classList.toggle("locked", !maySend);
  }

  #showTyping() {
    const names = [...(store.typing.get(store.current)?.keys() ?? [])].map(nameById);
    const verb = names.length === 1 ? "is" : "are";
    replace(
      this.typing,
      names.length
        ? [dots(), h("span", {}, h("strong", {}, names.join(" and ")), ` ${verb} typing…`)]
        : [],
    );
  }
}
