// Puts the page together.

import { Composer } from "./composer.js";
import { byId, h, notify } from "./dom.js";
import { openModal } from "./modal.js";
import { Sidebar } from "./sidebar.js";
import { store } from "./store.js";
import { applyTheme } from "./theme.js";
import { Timeline } from "./timeline.js";

// The key has done its work; it need not stay where people share pictures of their screen.
history.replaceState(null, "", "/");
applyTheme();

let composer = null;
const timeline = new Timeline({
  onReply: (message) => composer.replyTo(message),
  onStart: (text) => composer.insert(text),
});
composer = new Composer(timeline);
new Sidebar();
store.on("modal", openModal);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && store.current && store.unread.has(store.current))
    store.open(store.current);
});

try {
  await store.become(sessionStorage.getItem("person")).catch(() => store.become(null));
  document.body.classList.add("ready");
} catch (error) {
  notify(error.message);
  byId("timeline").replaceChildren(
    h(
      "div",
      { class: "start" },
      h("h2", {}, "The page could not be loaded"),
      h("p", {}, error.message),
    ),
  );
}
