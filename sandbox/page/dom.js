// Elements without a framework. Text is always text: nothing here takes HTML.

const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4.5 9h16M3.5 15h16",
  at: "M16 12a4 4 0 1 0-1.3 3M16 8v5.2a2.4 2.4 0 0 0 4.8 0V12a8.8 8.8 0 1 0-3.6 7.1",
  thread: "M5 5h14v10H11l-4 4v-4H5z",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
  menu: "M4 6h16M4 12h16M4 18h16",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 2v2.2M12 19.8v2.2M2 12h2.2M19.8 12H22M4.9 4.9l1.6 1.6M17.5 17.5l1.6 1.6M4.9 19.1l1.6-1.6M17.5 6.5l1.6-1.6",
  moon: "M20 14.5A8.3 8.3 0 0 1 9.5 4 8.3 8.3 0 1 0 20 14.5z",
  auto: "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17",
  plus: "M12 5v14M5 12h14",
  send: "M4.5 12 20 4.5 15.5 20l-3.6-6.2z",
  close: "M6 6l12 12M18 6 6 18",
  reply: "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6V18",
  edit: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM14 7l3 3",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  smile:
    "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.5 14a4.2 4.2 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
  file: "M6.5 3.5h7l4 4v13h-11zM13.5 3.5v4h4",
  download: "M12 4v11M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
  link: "M10 6H6v12h12v-4M13.5 4.5h6v6M19 5l-8 8",
  eye: "M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  down: "M6 9.5l6 6 6-6",
  check: "M5 12.5l4.5 4.5L19 7",
  wind: "M3.5 9.5h10a3 3 0 1 0-2.9-3.8M3.5 13.5h14a3.2 3.2 0 1 1-3.1 4M3.5 17.5H9",
};

/** An element: `h("button", {class: "x", on: {click}}, "text", child)`. Empty children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value))
        element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name in element && typeof value !== "string") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(
    ...children
      .flat()
      .filter((child) => child !== null && child !== undefined && child !== false && child !== ""),
  );
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon only. */
export function iconButton(name, label, onClick, props = {}) {
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      title: label,
      "aria-label": label,
      ...props,
      on: { click: onClick },
    },
    icon(name),
  );
}

export const byId = (id) => document.getElementById(id);

export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter(Boolean));
}

let counter = 0;
/** An id that nothing else on the page has. */
export const uniqueId = (prefix) => `${prefix}-${++counter}`;

/** Said by a screen reader, not shown. */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** A sentence that tells somebody why something did not happen. */
export function notify(sentence) {
  const notice = h(
    "div",
    { class: "notice" },
    h("span", {}, sentence),
    iconButton("close", "Dismiss", () => notice.remove()),
  );
  byId("notices").append(notice);
  setTimeout(() => notice.remove(), 8000);
}

/** Grow a text field with its text. */
export function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
