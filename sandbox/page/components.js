// Buttons, selects and the layout components, as messages show them.

import { h, icon } from "./dom.js";
import { colored, isWeb, outside } from "./embeds.js";
import { fileCard, ownPath, picture, size } from "./files.js";
import { float, List } from "./floating.js";
import { avatar, channelName, nameOf } from "./people.js";
import { store } from "./store.js";
import { rich } from "./text.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

export function componentView(component, message) {
  return (
    VIEWS[component.type]?.(component, message) ??
    h("p", { class: "unknown" }, `A component of type ${component.type}`)
  );
}

export function componentsView(components, message) {
  return components.map((component) => componentView(component, message));
}

const emojiText = (emoji) => emoji && (emoji.id ? `:${emoji.name}:` : emoji.name);

function button(component, message) {
  const face = [
    component.emoji && h("span", { class: "emoji" }, emojiText(component.emoji)),
    component.label,
  ];
  if (component.style === 5) {
    if (!isWeb(component.url)) return null;
    const link = outside(component.url, h("span", {}, ...face.filter(Boolean)));
    link.className = "button link";
    link.append(icon("link"));
    return link;
  }
  return h(
    "button",
    {
      type: "button",
      class: `button ${STYLES[component.style] ?? "secondary"}`,
      disabled: component.disabled,
      data: { part: component.custom_id },
      on: {
        click: () =>
          store.interact(
            "press",
            { message: message.id, custom_id: component.custom_id },
            { kind: "component", message: message.id, part: component.custom_id },
          ),
      },
    },
    ...face.filter(Boolean),
  );
}

/** What a select of any kind offers: {label, value, description, lead}. */
export function offered(component) {
  const user = (id) => ({
    label: nameOf(store.user(id)),
    value: id,
    lead: () => avatar(store.user(id), "small"),
  });
  const guild = store.guild();
  const users = guild ? guild.members : [store.me, store.bot];
  const roles = (guild?.roles ?? []).map((role) => ({
    label: role.name,
    value: role.id,
    lead: () => icon("at"),
  }));
  const channels = [...store.channels.values()]
    .filter((channel) => channel.guild_id === store.channel().guild_id)
    .filter(
      (channel) =>
        !component.channel_types?.length || component.channel_types.includes(channel.type),
    )
    .map((channel) => ({
      label: channelName(channel),
      value: channel.id,
      lead: () => icon("hash"),
    }));
  if (component.type === 5) return users.map(user);
  if (component.type === 6) return roles;
  if (component.type === 7) return [...users.map(user), ...roles];
  if (component.type === 8) return channels;
  return component.options.map((option) => ({
    label: option.label,
    value: option.value,
    description: option.description,
    lead: option.emoji ? () => h("span", { class: "emoji" }, emojiText(option.emoji)) : undefined,
  }));
}

const chosenAtFirst = (component) =>
  (component.default_values ?? component.options?.filter((option) => option.default) ?? []).map(
    (entry) => entry.value ?? entry.id,
  );

/** A select: one choice is sent at once, several when the list is closed. */
export function selectView(component, onChosen, label) {
  const items = offered(component);
  const most = component.max_values ?? 1;
  let chosen = chosenAtFirst(component);
  const shown = h("span", { class: "select-text" });
  const opener = h(
    "button",
    {
      type: "button",
      class: "select",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      disabled: component.disabled,
      "aria-label": label ?? component.placeholder ?? "Make a selection",
      data: { part: component.custom_id },
    },
    shown,
    icon("down"),
  );
  const face = () => {
    const labels = items.filter((item) => chosen.includes(item.value)).map((item) => item.label);
    shown.textContent = labels.join(", ") || component.placeholder || "Make a selection";
    shown.classList.toggle("placeholder", !labels.length);
  };
  const open = () => {
    const before = chosen.join();
    const finish = () => {
      opener.setAttribute("aria-expanded", "false");
      face();
      if (most > 1 && chosen.join() !== before) onChosen(chosen);
    };
    const marked = () => items.map((item) => ({ ...item, isChosen: chosen.includes(item.value) }));
    const list = new List(
      opener,
      (item) => {
        if (most === 1) {
          chosen = chosen[0] === item.value && component.min_values === 0 ? [] : [item.value];
          panel.close();
          onChosen(chosen);
          return;
        }
        if (chosen.includes(item.value)) chosen = chosen.filter((value) => value !== item.value);
        else if (chosen.length < most) chosen = [...chosen, item.value];
        list.show(marked(), list.at);
      },
      { isMulti: most > 1 },
    );
    opener.setAttribute("aria-expanded", "true");
    const panel = float(list.element, opener, { isAsWide: true, onClose: finish });
    list.show(marked());
    panel.place();
    opener.onkeydown = (event) => {
      if (opener.getAttribute("aria-expanded") !== "true") return;
      if (event.key === "Tab") panel.close();
      else if (event.key === " ")
        list.key(new KeyboardEvent("keydown", { key: "Enter" })) && event.preventDefault();
      else if (list.key(event)) event.stopPropagation();
    };
    toggle = () => panel.close();
  };
  let toggle = open;
  opener.addEventListener("click", () => {
    if (opener.getAttribute("aria-expanded") === "true") toggle();
    else open();
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && opener.getAttribute("aria-expanded") !== "true") {
      event.preventDefault();
      open();
    }
  });
  face();
  return opener;
}

function select(component, message) {
  return selectView(component, (values) =>
    store.interact(
      "select",
      { message: message.id, custom_id: component.custom_id, values },
      { kind: "component", message: message.id, part: component.custom_id },
    ),
  );
}

function row(component, message) {
  return h("div", { class: "row" }, componentsView(component.components, message));
}

function section(component, message) {
  return h(
    "div",
    { class: "section" },
    h("div", { class: "section-text" }, componentsView(component.components, message)),
    component.accessory &&
      h("div", { class: "accessory" }, componentView(component.accessory, message)),
  );
}

function media(item, message) {
  const path = ownPath(item.media.url, message);
  const shown = path
    ? picture(path, item.description ?? "")
    : isWeb(item.media.url) && outside(item.media.url, "Picture from elsewhere");
  return item.spoiler ? covered(shown) : shown;
}

function covered(element) {
  const cover = h("button", { type: "button", class: "cover" }, "Spoiler");
  cover.addEventListener("click", () => cover.replaceWith(element));
  return cover;
}

function file(component, message) {
  const path = ownPath(component.file.url, message);
  const held = message.attachments?.find((attachment) => ownPath(attachment.url) === path);
  const name =
    component.name ?? held?.filename ?? component.file.url.split("/").at(-1).split("?")[0];
  const bytes = component.size ?? held?.size;
  return fileCard(name, bytes === undefined ? "" : size(bytes), path);
}

function container(component, message) {
  const box = h("section", { class: "container" }, componentsView(component.components, message));
  return component.spoiler ? covered(box) : colored(box, component.accent_color);
}

const VIEWS = {
  1: row,
  2: button,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: section,
  10: (component, message) => rich(component.content, message),
  11: media,
  12: (component, message) =>
    h(
      "div",
      { class: "gallery" },
      component.items.map((item) => media(item, message)),
    ),
  13: file,
  14: (component) =>
    h("hr", {
      class: `${component.divider === false ? "blank" : ""} ${component.spacing === 2 ? "wide" : ""}`,
    }),
  17: container,
};
