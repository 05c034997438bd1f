// The messages of the channel that is open: order, grouping, days, scrolling.

import { announce, byId, h, iconButton, notify, replace } from "./dom.js";
import { dots, MessageView, isJoined } from "./message.js";
import { avatar, channelIcon, channelName, nameById, nameOf } from "./people.js";
import { isOlder, LOADING, store } from "./store.js";
import { day, plain } from "./text.js";

const NEAR_PX = 80;

export class Timeline {
  #views = new Map();
  #isAtEnd = true;
  #reachable = null;
  #top = 0;
  #starter;
  #list = h("div", { class: "list-of-messages" });
  #tail = h("div", { class: "tail" });

  constructor({ onReply, onStart }) {
    this.actions = { onReply, onJump: (id) => this.jump(id) };
    this.#starter = onStart;
    this.scroller = byId("scroller");
    this.timeline = byId("timeline");
    this.toEnd = byId("to-end");
    store.on("channel", () => this.#clear());
    store.on("loaded", () => this.#showAll());
    store.on("older", (messages) => this.#showOlder(messages));
    store.on("message", (message) => this.#add(message));
    store.on("change", (message) => this.#change(message));
    store.on("gone", (id) => this.#remove(id));
    store.on("pending", () => this.#showPending());
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.toEnd.addEventListener("click", () => this.toNewest());
    new ResizeObserver(() => this.#isAtEnd && this.#settle()).observe(this.timeline);
    new ResizeObserver(() => this.#isAtEnd && this.#settle()).observe(this.scroller);
    this.timeline.addEventListener("keydown", (event) => this.#walk(event));
  }

  view(id) {
    return this.#views.get(id);
  }

  /** The newest message of the one who looks, for Arrow-Up. */
  lastOwn() {
    return [...this.#views.values()].reverse().find((view) => view.isOwn);
  }

  jump(id) {
    const view = this.#views.get(id);
    if (view) view.flash();
    else notify("This message is further up. Scroll up to load older messages.");
  }

  toNewest() {
    this.#isAtEnd = true;
    requestAnimationFrame(() => this.#isAtEnd && this.#settle());
  }

  focusNewest() {
    [...this.#views.values()].at(-1)?.article.focus();
  }

  // -- showing ---------------------------------------------------------------------------------

  #clear() {
    this.#views.clear();
    this.#isAtEnd = true;
    this.timeline.setAttribute("aria-label", `Messages in ${channelName(store.channel())}`);
    replace(this.#list);
    replace(this.#tail);
    replace(this.timeline, this.#list, this.#tail);
  }

  #showAll() {
    this.#views.clear();
    for (const message of store.messages().values())
      this.#views.set(message.id, new MessageView(message, this.actions));
    replace(
      this.#list,
      [...this.#views.values()].map((view) => view.element),
    );
    for (const view of this.#views.values()) this.#arrange(view);
    this.#markNew();
    this.#showStart();
    this.#showPending();
    this.#makeReachable();
    this.toNewest();
  }

  #showOlder(messages) {
    const height = this.scroller.scrollHeight - this.scroller.scrollTop;
    const views = messages.map((message) => new MessageView(message, this.actions));
    this.#views = new Map([...views.map((view) => [view.message.id, view]), ...this.#views]);
    this.#list.prepend(...views.map((view) => view.element));
    for (const view of [...this.#views.values()].slice(0, views.length + 1)) this.#arrange(view);
    this.#showStart();
    this.scroller.scrollTop = this.scroller.scrollHeight - height;
  }

  #add(message) {
    const view = new MessageView(message, this.actions);
    const last = [...this.#views.keys()].at(-1);
    const isFirst = !last;
    const later =
      last &&
      isOlder(message.id, last) &&
      [...this.#views.keys()].find((id) => isOlder(message.id, id));
    if (later) {
      this.#views.get(later).element.before(view.element);
      this.#views.set(message.id, view);
      this.#views = new Map([...this.#views].sort(([a], [b]) => (isOlder(a, b) ? -1 : 1)));
      this.#arrange(this.#views.get(later));
    } else {
      this.#views.set(message.id, view);
      this.#list.append(view.element);
    }
    this.#arrange(view);
    if (isFirst) this.#showStart();
    this.#makeReachable();
    if (message.author.id === store.me) this.toNewest();
    else if (!this.#isAtEnd) this.toEnd.hidden = false;
    if (message.author.id !== store.me && !(message.flags & LOADING)) this.#say(message);
  }

  #change(message) {
    const view = this.#views.get(message.id);
    if (!view) return;
    const wasLoading = view.message.flags & LOADING;
    view.update(message);
    if (wasLoading && !(message.flags & LOADING)) this.#say(message);
  }

  #remove(id) {
    const view = this.#views.get(id);
    if (!view) return;
    const hadFocus = view.element.contains(document.activeElement);
    const views = [...this.#views.values()];
    const after = views[views.indexOf(view) + 1];
    this.#views.delete(id);
    view.element.remove();
    if (after) this.#arrange(after);
    this.#showStart();
    this.#makeReachable();
    if (hadFocus) byId("input")?.focus();
  }

  #say(message) {
    announce(
      `${nameOf(message.author)}: ${plain(message.content, message).slice(0, 300) || "sent something"}`,
    );
  }

  /** Joined to the message before it or not, and under a new day or not. */
  #arrange(view) {
    const before = view.element.previousElementSibling?.querySelector("article");
    const earlier = before && this.#views.get(before.id.slice("message-".length))?.message;
    const today = day(new Date(view.message.timestamp));
    const isNewDay = !earlier || day(new Date(earlier.timestamp)) !== today;
    view.showDay(isNewDay ? today : null);
    view.join(
      !isNewDay && isJoined(earlier, view.message) && !view.element.querySelector(".new-line"),
    );
    const after = view.element.nextElementSibling?.querySelector("article");
    const next = after && this.#views.get(after.id.slice("message-".length));
    if (next)
      next.join(
        day(new Date(next.message.timestamp)) === today && isJoined(view.message, next.message),
      );
  }

  #markNew() {
    if (store.newFrom === null) return;
    const first = [...this.#views.values()].find((view) => isOlder(store.newFrom, view.message.id));
    first?.day.before(h("div", { class: "new-line", role: "separator" }, "New"));
    if (first) first.join(false);
  }

  #showStart() {
    this.#list.querySelector(".start")?.remove();
    const room = store.rooms.get(store.current);
    if (room?.refusal) {
      this.#list.prepend(h("div", { class: "start" }, h("p", {}, room.refusal)));
    } else if (room?.isComplete) {
      this.#list.prepend(this.#welcome());
    }
  }

  #welcome() {
    const channel = store.channel();
    const isDirect = channel.type === 1;
    const bot = nameById(store.bot);
    const offers = isDirect
      ? ["Hello! Who are you?"]
      : [`@${bot} Hello! Who are you?`, `@${bot} Write a haiku about rain.`];
    return h(
      "div",
      { class: "start" },
      h("div", { class: "start-face" }, channelIcon(channel)),
      h("h2", {}, isDirect ? bot : `Welcome to #${channel.name}`),
      h(
        "p",
        {},
        isDirect
          ? `Everything you write here goes to ${bot}.`
          : `Mention @${bot} to talk with it, type / for its commands, or drop a file.`,
      ),
      !this.#views.size &&
        store.maySend() &&
        h(
          "div",
          { class: "row" },
          [...offers, "/"].map((offer) =>
            h(
              "button",
              {
                type: "button",
                class: "button secondary",
                on: { click: () => this.#starter(offer) },
              },
              offer === "/" ? "Show the commands" : offer,
            ),
          ),
        ),
    );
  }

  /** Commands that are on their way, and those that nobody answered. */
  #showPending() {
    for (const view of this.#views.values()) view.showBusy();
    const entries = [...store.pending.values()].filter(
      (entry) => entry.kind === "command" && entry.channel === store.current,
    );
    replace(
      this.#tail,
      entries.map((entry) =>
        h(
          "div",
          { class: `pending ${entry.state}`, role: entry.state === "failed" ? "alert" : "status" },
          avatar(store.user(store.bot)),
          h(
            "div",
            {},
            h(
              "div",
              { class: "by" },
              h("span", { class: "name is-bot" }, nameById(store.bot)),
              h("code", {}, entry.label),
            ),
            entry.state === "failed"
              ? h("span", { class: "failure-text" }, "The application did not respond")
              : h("span", { class: "thinking" }, dots(), "Sending the command…"),
          ),
          entry.state === "failed" && iconButton("close", "Dismiss", () => store.dismiss(entry.id)),
        ),
      ),
    );
  }

  // -- scrolling and walking ---------------------------------------------------------------------

  #settle() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.toEnd.hidden = true;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    // What grows below leaves the place as it is; only who goes up wants to stay there.
    if (isNear || scrollTop < this.#top) this.#isAtEnd = isNear;
    this.#top = scrollTop;
    if (this.#isAtEnd) this.toEnd.hidden = true;
    if (scrollTop < 300) store.loadOlder();
  }

  /** Tab stops at one message only; the arrow keys go from there. */
  #makeReachable() {
    if (this.#reachable) this.#reachable.tabIndex = -1;
    this.#reachable = this.#list.lastElementChild?.querySelector("article") ?? null;
    if (this.#reachable) this.#reachable.tabIndex = 0;
  }

  #walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches("article")) return;
    event.preventDefault();
    const views = [...this.#views.values()];
    const next = views[views.findIndex((view) => view.article === event.target) + step];
    if (next) next.article.focus();
    else if (step > 0) byId("input")?.focus();
  }
}
