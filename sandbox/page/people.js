// Names and faces.

import { h, icon } from "./dom.js";
import { store } from "./store.js";

export const nameOf = (user) => user?.global_name ?? user?.username ?? "unknown";

export function nameById(id) {
  return nameOf(store.user(id));
}

/** A face: the first letter of the name on a colour of their own. */
export function avatar(user, size = "") {
  if (user?.bot)
    return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("wind"));
  const hue = [...store.users.keys()].indexOf(user?.id) % 6;
  return h(
    "span",
    { class: `avatar hue-${Math.max(hue, 0)} ${size}`, "aria-hidden": "true" },
    nameOf(user).slice(0, 1),
  );
}

export const channelName = (channel) => (channel.type === 1 ? nameById(store.bot) : channel.name);

export function channelIcon(channel) {
  if (channel.type === 1) return avatar(store.user(store.bot), "small");
  if (channel.type >= 10) return icon("thread");
  return icon(store.maySend(channel) ? "hash" : "lock");
}

/** `@Name` in what is typed becomes a mention. */
export function withMentions(text) {
  const users = [...store.users.values()].sort((a, b) => nameOf(b).length - nameOf(a).length);
  return users.reduce((done, user) => done.split(`@${nameOf(user)}`).join(`<@${user.id}>`), text);
}

/** The other way round, for editing. */
export function withNames(text) {
  return text.replace(/<@!?(\d+)>/g, (whole, id) => (store.user(id) ? `@${nameById(id)}` : whole));
}
