// Fields for the values that commands and dialogs take.

import { grow, h, icon, uniqueId } from "./dom.js";
import { takeFiles, Tray } from "./files.js";
import { float, List } from "./floating.js";

const DEBOUNCE_MS = 150;

/** Text of one or several lines; Enter is left to whoever owns the field. */
export function textField(props) {
  const field = h("textarea", { rows: 1, ...props });
  field.addEventListener("input", () => grow(field));
  return { element: field, input: field, read: () => field.value };
}

/**
 * A text field with suggestions. `suggest(text)` gives items {label, value}; with `isStrict`, only
 * one of them is a value.
 */
export class ChoiceField {
  #chosen = null;
  #panel = null;
  #timer = 0;
  #asked = 0;

  constructor({ suggest, isStrict, ...props }) {
    this.suggest = suggest;
    this.isStrict = isStrict;
    this.input = h("input", {
      type: "text",
      autocomplete: "off",
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      ...props,
    });
    this.element = this.input;
    this.list = new List(this.input, (item) => this.#choose(item));
    this.input.addEventListener("input", () => {
      this.#chosen = null;
      this.#later();
    });
    this.input.addEventListener("focus", () => this.#show());
    this.input.addEventListener("click", () => this.#panel || this.#show());
    this.input.addEventListener("blur", () => this.#hide());
    this.input.addEventListener("keydown", (event) => {
      if (this.#panel && this.list.key(event)) event.stopPropagation();
    });
  }

  /** The value of what was chosen; the text itself where any text will do; else undefined. */
  read() {
    if (this.#chosen) return this.#chosen.value;
    if (!this.isStrict) return this.input.value;
    const text = this.input.value.trim().toLowerCase();
    return this.list.items.find((item) => item.label.toLowerCase() === text)?.value;
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(), DEBOUNCE_MS);
  }

  async #show() {
    const asked = ++this.#asked;
    const items = await this.suggest(this.input.value);
    if (asked !== this.#asked || document.activeElement !== this.input || this.#chosen) return;
    this.list.show(items);
    if (!items.length) return this.#hide();
    if (!this.#panel) {
      this.#panel = float(this.list.element, this.input, {
        above: true,
        onClose: () => {
          this.#panel = null;
          this.input.setAttribute("aria-expanded", "false");
        },
      });
    }
    this.input.setAttribute("aria-expanded", "true");
    this.#panel.place();
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#panel?.close();
  }

  #choose(item) {
    this.#chosen = item;
    this.input.value = item.label;
    this.#hide();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** Items whose label has the text, those that begin with it first. */
export function matching(items, text) {
  const wanted = text.trim().toLowerCase();
  const at = (item) => item.label.toLowerCase().indexOf(wanted);
  return items
    .filter((item) => at(item) >= 0)
    .sort((a, b) => (at(a) > 0) - (at(b) > 0))
    .slice(0, 25);
}

/** A place for files: by button, by drop, by paste. */
export function fileField({ most = 1, label, describedBy }) {
  const tray = new Tray({
    most,
    onChange: () => element.classList.toggle("filled", tray.files.length > 0),
  });
  const choose = h(
    "button",
    {
      type: "button",
      class: "choose-file",
      "aria-label": label,
      "aria-describedby": describedBy,
      id: uniqueId("file"),
      on: { click: () => tray.choose() },
    },
    icon("plus"),
    most > 1 ? `Choose up to ${most} files` : "Choose a file",
    h("span", { class: "drop-hint" }, " or drop it here"),
  );
  const element = h("div", { class: "file-field" }, tray.element, choose);
  takeFiles(element, (files) => tray.add(files));
  return { element, input: choose, read: () => tray.files };
}
