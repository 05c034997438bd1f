// Changing what one has said, in its own place.

import { byId, grow, h } from "./dom.js";
import { withMentions, withNames } from "./people.js";
import { store } from "./store.js";

/** Turn the text of a message into a field until Enter or Escape. */
export function openEditor(view) {
  const field = h("textarea", { class: "edit-field", rows: 1, "aria-label": "Edit the message" });
  const close = () => {
    view.editor.remove();
    view.editor = null;
    view.content.hidden = false;
    byId("input")?.focus();
  };
  const save = async () => {
    const content = withMentions(field.value.trim());
    if (
      content !== view.message.content &&
      !(await store.act("edit", { message: view.message.id, content }))
    )
      return;
    close();
  };
  field.value = withNames(view.message.content);
  field.addEventListener("input", () => grow(field));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  view.editor = h(
    "div",
    { class: "editor" },
    field,
    h(
      "div",
      { class: "editor-help" },
      "Escape to ",
      h("button", { type: "button", class: "quiet", on: { click: close } }, "cancel"),
      " · Enter to ",
      h("button", { type: "button", class: "quiet", on: { click: save } }, "save"),
    ),
  );
  view.content.hidden = true;
  view.content.after(view.editor);
  grow(field);
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
