// The menus of messages and people, with the bot's own entries in them.

import { ask } from "./api.js";
import { announce } from "./dom.js";
import { showMenu } from "./floating.js";
import { nameOf } from "./people.js";
import { MAY, store } from "./store.js";

export const REACTIONS = ["👍", "❤️", "😄", "🎉", "🤔", "👀", "😮", "✅"];
const USER = 2;
const MESSAGE = 3;

async function apps(type, target, about) {
  if (!store.may(MAY.commands)) return [];
  const commands = await ask("commands", { as: store.me, channel: store.current });
  const entries = commands
    .filter((command) => command.type === type)
    .map((command) => ({
      label: command.name,
      icon: "wind",
      run: () =>
        store.interact(
          "menu",
          { name: command.name, ...target },
          { kind: "command", label: command.name, ...about },
        ),
    }));
  return entries.length ? [{ heading: "Apps" }, ...entries] : [];
}

export async function messageMenu(anchor, view) {
  const { message } = view;
  const entries = [
    view.mayReact && { element: view.reactionRow() },
    store.maySend() && { label: "Reply", icon: "reply", run: () => view.reply() },
    view.isOwn && { label: "Edit", icon: "edit", run: () => view.edit() },
    message.content && { label: "Copy text", icon: "file", run: () => view.copy() },
    view.mayDelete && { label: "Delete", icon: "close", isDanger: true, run: () => view.delete() },
    ...(await apps(MESSAGE, { message: message.id }, {})),
  ];
  showMenu(anchor, entries.filter(Boolean), "Message");
}

export async function userMenu(anchor, user) {
  const entries = [
    { heading: `${nameOf(user)}${user.bot ? " · App" : ""}` },
    store.maySend() && { label: "Mention", icon: "at", run: () => store.emit("mention", user) },
    {
      label: "Copy user id",
      icon: "file",
      run: () => navigator.clipboard.writeText(user.id).then(() => announce("Copied")),
    },
    ...(await apps(USER, { user: user.id }, {})),
  ];
  showMenu(anchor, entries.filter(Boolean), nameOf(user));
}
