// Channels, and as whom they are seen.

import { byId, h, icon, iconButton, replace } from "./dom.js";
import { avatar, channelIcon, channelName, nameOf } from "./people.js";
import { store } from "./store.js";
import { themeButton } from "./theme.js";

export class Sidebar {
  constructor() {
    this.element = byId("sidebar");
    this.header = byId("header");
    this.backdrop = byId("backdrop");
    this.backdrop.addEventListener("click", () => this.close());
    for (const event of ["people", "channels", "unread", "channel"])
      store.on(event, () => this.#show());
    store.on("link", (isUp) => (byId("offline").hidden = isUp));
    addEventListener("keydown", (event) => this.#key(event));
    this.isNarrow = matchMedia("(max-width: 46rem)");
    this.isNarrow.addEventListener("change", () => this.close());
    this.close();
  }

  open() {
    document.body.classList.add("drawer");
    this.backdrop.hidden = false;
    this.element.inert = false;
    this.element.querySelector("[aria-current]")?.focus();
  }

  close() {
    document.body.classList.remove("drawer");
    this.backdrop.hidden = true;
    this.element.inert = this.isNarrow.matches;
  }

  #show() {
    const channel = store.channel();
    if (!channel) return;
    const focused = document.activeElement?.dataset?.channel;
    const inGuild = [...store.channels.values()].filter((each) => each.guild_id);
    const direct = [...store.channels.values()].filter((each) => each.type === 1);
    replace(
      this.element,
      h(
        "div",
        { class: "brand" },
        h("img", { src: "/page/static/icon.svg", alt: "", width: "30", height: "30" }),
        h(
          "div",
          {},
          h("strong", {}, store.guilds[0]?.name ?? "Airocord"),
          h("span", {}, "On this machine only"),
        ),
      ),
      h(
        "div",
        { class: "channels" },
        h("h2", {}, "Channels"),
        h(
          "ul",
          {},
          this.#inOrder(inGuild).map((each) => this.#entry(each)),
        ),
        h("h2", {}, "Direct messages"),
        h(
          "ul",
          {},
          direct.map((each) => this.#entry(each)),
        ),
      ),
      this.#people(),
    );
    if (focused) this.element.querySelector(`[data-channel="${focused}"]`)?.focus();
    replace(
      this.header,
      iconButton("menu", "Channels", () => this.open(), { class: "icon-button drawer-button" }),
      h("span", { class: "header-icon" }, channelIcon(channel)),
      h("h1", {}, channelName(channel)),
      h(
        "p",
        { class: "topic" },
        channel.type === 1
          ? `A direct message, between ${nameOf(store.user(store.me))} and the bot`
          : (channel.topic ?? ""),
      ),
      themeButton(),
    );
    const count = [...store.unread.values()].reduce((sum, unread) => sum + unread.count, 0);
    document.title = `${count ? `(${count}) ` : ""}${channel.type === 1 ? "@" : "#"}${channelName(channel)} · Airocord`;
  }

  /** Threads stand under their channel. */
  #inOrder(channels) {
    const top = channels
      .filter((channel) => channel.type < 10)
      .sort((a, b) => a.position - b.position);
    return top.flatMap((channel) => [
      channel,
      ...channels.filter((thread) => thread.parent_id === channel.id && thread.type >= 10),
    ]);
  }

  #entry(channel) {
    const unread = store.unread.get(channel.id);
    const isHere = channel.id === store.current;
    return h(
      "li",
      { class: channel.type >= 10 ? "thread" : "" },
      h(
        "button",
        {
          type: "button",
          class: `channel ${unread ? "unread" : ""}`,
          data: { channel: channel.id },
          "aria-current": isHere ? "page" : null,
          on: {
            click: () => {
              this.close();
              store.open(channel.id);
            },
          },
        },
        channelIcon(channel),
        h("span", { class: "channel-name" }, channelName(channel)),
        unread && h("span", { class: "unseen" }, "unread"),
        unread?.mentions > 0 &&
          h(
            "span",
            { class: "badge", "aria-label": `${unread.mentions} mentions` },
            String(unread.mentions),
          ),
      ),
    );
  }

  #people() {
    return h(
      "div",
      { class: "viewer", role: "radiogroup", "aria-label": "Viewing as" },
      h("h2", {}, "Viewing as"),
      h(
        "div",
        { class: "faces" },
        store.people.map(({ id, standing }) => {
          const user = store.user(id);
          return h(
            "button",
            {
              type: "button",
              role: "radio",
              class: "person",
              "aria-checked": String(id === store.me),
              title: `See everything as ${nameOf(user)} (${standing})`,
              on: { click: () => id !== store.me && store.become(id) },
            },
            avatar(user, "small"),
            h("span", {}, h("strong", {}, nameOf(user)), h("small", {}, standing)),
          );
        }),
      ),
    );
  }

  #key(event) {
    if (event.key === "Escape" && document.body.classList.contains("drawer")) this.close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!event.altKey || !step) return;
    event.preventDefault();
    const all = [...this.element.querySelectorAll("[data-channel]")].map(
      (entry) => entry.dataset.channel,
    );
    store.open(all[(all.indexOf(store.current) + step + all.length) % all.length]);
  }
}
