// Markdown as the server rendered it, with names, local times and what can be clicked.

import { h, iconButton, announce } from "./dom.js";
import { nameById } from "./people.js";
import { store } from "./store.js";

// The server's renderer lets nothing but its own few tags through; this is the only place that
// takes HTML, and the browser holds the page to that (trusted-types in the policy).
const policy = window.trustedTypes?.createPolicy("page", { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};

/** A text of a message; `holder.html` has the rendered form of each. */
export function rich(text, holder, props = {}) {
  const element = h(props.tag ?? "div", { class: `rich ${props.class ?? ""}` });
  if (text) element.innerHTML = policy.createHTML(holder.html?.[text] ?? "");
  for (const mention of element.querySelectorAll(".mention[data-id]")) nameMention(mention);
  for (const time of element.querySelectorAll("time")) localTime(time);
  for (const spoiler of element.querySelectorAll(".spoiler")) hide(spoiler);
  for (const code of element.querySelectorAll("pre")) addCopy(code);
  return element;
}

/** The same without markup, in one line. */
export function plain(text, holder) {
  return rich(text, holder).textContent.replace(/\s+/g, " ").trim();
}

function nameMention(mention) {
  const { kind, id } = mention.dataset;
  if (kind === "user") mention.textContent = `@${nameById(id)}`;
  if (kind === "channel") mention.textContent = `#${store.channels.get(id)?.name ?? "unknown"}`;
  if (kind === "role") {
    const roles = store.guilds.flatMap((guild) => guild.roles);
    mention.textContent = `@${roles.find((role) => role.id === id)?.name ?? "unknown-role"}`;
  }
  mention.classList.toggle("own", kind === "user" && id === store.me);
}

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

function localTime(element) {
  const when = new Date(element.dateTime);
  const style = element.dataset.style;
  element.title = when.toLocaleString([], STYLES.F);
  element.textContent = style === "R" ? relative(when) : when.toLocaleString([], STYLES[style]);
}

function relative(when) {
  const seconds = (when - Date.now()) / 1000;
  const units = [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(
    Math.round(seconds / size),
    unit,
  );
}

function hide(spoiler) {
  const show = () => {
    spoiler.classList.add("shown");
    spoiler.removeAttribute("role");
    spoiler.removeAttribute("aria-label");
  };
  spoiler.tabIndex = 0;
  spoiler.setAttribute("role", "button");
  spoiler.setAttribute("aria-label", "Spoiler, hidden");
  spoiler.addEventListener("click", show);
  spoiler.addEventListener(
    "keydown",
    (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), show()),
  );
}

function addCopy(pre) {
  const code = pre.querySelector("code");
  const copy = iconButton("file", "Copy the code", async () => {
    await navigator.clipboard.writeText(code.textContent);
    announce("Copied");
    copy.classList.add("done");
    setTimeout(() => copy.classList.remove("done"), 1500);
  });
  pre.tabIndex = 0;
  pre.append(h("span", { class: "language" }, pre.dataset.language), copy);
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

// Made once: each takes longer than all else that a message needs.
const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const SHORT = new Intl.DateTimeFormat([], { dateStyle: "short", timeStyle: "short" });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat([], {
  weekday: "long",
  year: "numeric",
  month: "long",
  day: "numeric",
});

export const clock = (when) => CLOCK.format(when);
export const fullTime = (when) => FULL.format(when);

/** When a message was sent, as short as can be. */
export function moment(when) {
  const yesterday = new Date(Date.now() - 86_400_000);
  if (sameDay(when, new Date())) return clock(when);
  if (sameDay(when, yesterday)) return `Yesterday, ${clock(when)}`;
  return SHORT.format(when);
}

export const day = (when) => DAY.format(when);
