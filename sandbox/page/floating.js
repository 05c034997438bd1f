// What opens over the page: lists to choose from and menus. One at a time.

import { h, icon, uniqueId } from "./dom.js";

let open = null;

export function closeFloating() {
  open?.close();
}

/**
 * Show `panel` beside `anchor` (an element, or a point {x, y}) until it is left.
 * The panel becomes part of the dialog that the anchor is in, for the rest of the page is inert then.
 */
export function float(panel, anchor, { above = false, isAsWide = false, onClose } = {}) {
  closeFloating();
  const isElement = anchor instanceof Element;
  const previous = document.activeElement;
  const inside = isElement ? anchor.closest("dialog") : null;
  panel.classList.add("floating");
  panel.popover = "manual";
  (inside ?? document.body).append(panel);
  panel.showPopover();
  const place = () => {
    const box = isElement
      ? anchor.getBoundingClientRect()
      : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y, width: 0 };
    if (isAsWide) panel.style.minWidth = `${box.width}px`;
    const { width, height } = panel.getBoundingClientRect();
    const below = box.bottom + 4 + height <= innerHeight - 8;
    const top =
      (above && box.top - height - 4 >= 8) || !below ? box.top - height - 4 : box.bottom + 4;
    panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    panel.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  };
  const outside = (event) => {
    if (!panel.contains(event.target) && !(isElement && anchor.contains(event.target)))
      handle.close();
  };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    handle.close();
  };
  const handle = {
    panel,
    place,
    close() {
      if (open !== handle) return;
      open = null;
      removeEventListener("pointerdown", outside, true);
      removeEventListener("keydown", escape, true);
      removeEventListener("resize", place);
      const hadFocus = panel.contains(document.activeElement);
      panel.remove();
      if (hadFocus) previous?.focus();
      onClose?.();
    },
  };
  open = handle;
  addEventListener("pointerdown", outside, true);
  addEventListener("keydown", escape, true);
  addEventListener("resize", place);
  place();
  return handle;
}

/**
 * A list to choose from. Items: {label, description, value, lead: () => element, isChosen}.
 * The focus stays in `owner`, which sends its keys to `key()`.
 */
export class List {
  element = h("div", { class: "list", role: "listbox", id: uniqueId("list") });
  items = [];
  at = 0;

  constructor(owner, onChoose, { isMulti = false } = {}) {
    this.owner = owner;
    this.onChoose = onChoose;
    if (isMulti) this.element.setAttribute("aria-multiselectable", "true");
    owner.setAttribute("aria-controls", this.element.id);
  }

  show(items, at = 0) {
    this.items = items;
    this.element.replaceChildren(...items.map((item, index) => this.#option(item, index)));
    this.point(Math.min(at, items.length - 1));
  }

  #option(item, index) {
    return h(
      "div",
      {
        class: "option",
        role: "option",
        id: `${this.element.id}-${index}`,
        "aria-selected": String(Boolean(item.isChosen)),
        on: {
          pointerdown: (event) => event.preventDefault(),
          click: () => this.onChoose(item),
          pointermove: () => this.point(index, false),
        },
      },
      item.lead?.(),
      h(
        "span",
        { class: "option-text" },
        h("span", { class: "option-label" }, item.label),
        item.description && h("span", { class: "option-description" }, item.description),
      ),
      item.isChosen && icon("check"),
    );
  }

  point(index, scrolls = true) {
    this.at = index;
    for (const [number, option] of [...this.element.children].entries())
      option.classList.toggle("pointed", number === index);
    const option = this.element.children[index];
    this.owner.setAttribute("aria-activedescendant", option?.id ?? "");
    if (scrolls) option?.scrollIntoView({ block: "nearest" });
  }

  /** Whether the key was for the list. */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.items.length) {
      this.point((this.at + step + this.items.length) % this.items.length);
    } else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey && this.items[this.at]) {
      this.onChoose(this.items[this.at]);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
}

/** A menu at an element or point. Entries: {label, icon, run, isDanger}, or {heading}. */
export function showMenu(anchor, entries, label) {
  const buttons = [];
  const parts = entries.map((entry) => {
    if (entry.element) return entry.element;
    if (entry.heading) return h("div", { class: "menu-heading" }, entry.heading);
    const button = h(
      "button",
      {
        type: "button",
        class: `menu-item ${entry.isDanger ? "danger" : ""}`,
        role: "menuitem",
        tabindex: "-1",
        on: {
          click: () => {
            menu.close();
            entry.run();
          },
        },
      },
      entry.icon && icon(entry.icon),
      h("span", {}, entry.label),
    );
    buttons.push(button);
    return button;
  });
  const panel = h(
    "div",
    {
      class: "menu",
      role: "menu",
      "aria-label": label,
      on: {
        keydown: (event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (event.key === "Tab") menu.close();
          if (!step) return;
          event.preventDefault();
          const at = buttons.indexOf(document.activeElement);
          buttons[(at + step + buttons.length) % buttons.length].focus();
        },
        contextmenu: (event) => event.preventDefault(),
      },
    },
    parts,
  );
  const menu = float(panel, anchor);
  buttons[0]?.focus();
  return menu;
}
