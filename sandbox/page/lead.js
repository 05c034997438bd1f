// What stands above a message: the command that it answers, or the message that it replies to.

import { h, icon } from "./dom.js";
import { avatar, nameOf } from "./people.js";
import { store } from "./store.js";
import { plain } from "./text.js";

export const isCommand = (message) => message.type === 20 || message.type === 23;

export function leadOf(message, onJump) {
  if (isCommand(message)) {
    const { user, name, command_type: kind } = message.interaction_metadata;
    const who = store.user(user.id) ?? user;
    return h(
      "div",
      { class: "lead-line" },
      icon("reply"),
      avatar(who, "tiny"),
      h(
        "span",
        {},
        h("strong", {}, nameOf(who)),
        " used ",
        h("code", {}, kind > 1 ? name : `/${name}`),
      ),
    );
  }
  if (!message.message_reference) return [];
  const quoted = message.referenced_message;
  if (!quoted)
    return h(
      "div",
      { class: "lead-line" },
      icon("reply"),
      h("em", {}, "The original message was deleted"),
    );
  const author = store.user(quoted.author.id) ?? quoted.author;
  const said =
    plain(quoted.content, message) ||
    (quoted.attachments?.length ? "A file" : "A message without text");
  return h(
    "button",
    {
      type: "button",
      class: "lead-line",
      "aria-label": `Go to the message of ${nameOf(author)}: ${said}`,
      on: { click: () => onJump(quoted.id) },
    },
    icon("reply"),
    avatar(author, "tiny"),
    h("strong", {}, nameOf(author)),
    h("span", { class: "quoted" }, said),
  );
}
