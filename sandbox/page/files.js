// Files: those that came with messages, and those that are about to be sent.

import { h, icon, iconButton, notify, replace } from "./dom.js";

const LIMIT_BYTES = 10 * 1024 * 1024;
const MOST = 10;
const PREVIEW_BYTES = 64 * 1024;
const TEXTS = /^(text\/|application\/(json|xml|toml|yaml|x-yaml|javascript|x-sh))/;
const TEXT_NAMES =
  /\.(txt|md|log|csv|tsv|json|ya?ml|toml|ini|cfg|py|js|ts|c|h|cpp|rs|go|java|sh|sql|html|css|xml|tex)$/i;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** An address on this server as a path; nothing else is ever loaded. */
export function ownPath(url, message) {
  if (url?.startsWith("attachment://")) {
    const name = url.slice("attachment://".length);
    return ownPath(message.attachments?.find((file) => file.filename === name)?.url);
  }
  if (!URL.canParse(url ?? "")) return null;
  const { origin, pathname, search } = new URL(url);
  return origin === location.origin ? pathname + search : null;
}

const kindOf = (attachment) => (attachment.content_type ?? "").split(";")[0];

/** A file that came with a message, as a picture, a text or a card. */
export function attachmentView(attachment) {
  const path = ownPath(attachment.url);
  const kind = kindOf(attachment);
  if (PICTURES.includes(kind)) return picture(path, attachment.description ?? attachment.filename);
  const card = fileCard(attachment.filename, size(attachment.size), path);
  const isText = TEXTS.test(kind) || TEXT_NAMES.test(attachment.filename);
  return isText && attachment.size <= PREVIEW_BYTES
    ? h("div", { class: "file-with-text" }, textPreview(path), card)
    : card;
}

export function picture(path, description) {
  return h(
    "a",
    { class: "picture", href: path, target: "_blank", rel: "noopener noreferrer" },
    h("img", { src: path, alt: description, loading: "lazy" }),
  );
}

export function fileCard(name, about, path) {
  return h(
    "div",
    { class: "file-card" },
    icon("file"),
    h("div", { class: "file-name" }, h("strong", { title: name }, name), h("span", {}, about)),
    path &&
      h(
        "a",
        {
          class: "icon-button",
          href: path,
          download: name,
          title: `Download ${name}`,
          "aria-label": `Download ${name}`,
        },
        icon("download"),
      ),
  );
}

function textPreview(path) {
  const shown = h("pre", { tabindex: "0" }, "…");
  const more = h(
    "button",
    { type: "button", class: "quiet", hidden: true, "aria-expanded": "false" },
    "Show all",
  );
  more.addEventListener("click", () => {
    const isOpen = shown.classList.toggle("whole");
    more.setAttribute("aria-expanded", String(isOpen));
    more.textContent = isOpen ? "Show less" : "Show all";
  });
  fetch(path).then(async (response) => {
    shown.textContent = response.ok ? await response.text() : "This file is no longer available.";
    more.hidden = shown.textContent.split("\n").length <= 8;
  });
  return h("div", { class: "text-preview" }, shown, more);
}

/** Files that wait to be sent, by button, paste and drop. */
export class Tray {
  element = h("ul", { class: "tray", "aria-label": "Files to send" });
  files = [];

  constructor({ most = MOST, onChange = () => {} } = {}) {
    this.most = most;
    this.onChange = onChange;
  }

  add(files) {
    for (const file of files) {
      if (file.size > LIMIT_BYTES) notify(`${file.name} is larger than ${size(LIMIT_BYTES)}.`);
      else if (this.most === 1) this.files = [file];
      else if (this.files.length === this.most) notify(`At most ${this.most} files fit.`);
      else this.files.push(file);
    }
    this.#show();
  }

  clear() {
    this.files = [];
    this.#show();
  }

  choose(accept) {
    const input = h("input", { type: "file", multiple: this.most > 1, accept });
    input.addEventListener("change", () => this.add(input.files));
    input.click();
  }

  #show() {
    replace(
      this.element,
      this.files.map((file) =>
        h(
          "li",
          {},
          thumbnail(file),
          h(
            "div",
            { class: "file-name" },
            h("strong", { title: file.name }, file.name),
            h("span", {}, size(file.size)),
          ),
          iconButton("close", `Remove ${file.name}`, () => {
            this.files = this.files.filter((held) => held !== file);
            this.#show();
          }),
        ),
      ),
    );
    this.onChange();
  }
}

function thumbnail(file) {
  if (!PICTURES.includes(file.type)) return icon("file");
  const url = URL.createObjectURL(file);
  return h("img", { src: url, alt: "", on: { load: () => URL.revokeObjectURL(url) } });
}

/** Take files that are dropped on an element or pasted into it. */
export function takeFiles(element, onFiles) {
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const leave = () => {
    depth = 0;
    element.classList.remove("dropping");
  };
  element.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) leave();
  });
  element.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  element.addEventListener("drop", (event) => {
    leave();
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    onFiles(event.dataTransfer.files);
  });
  element.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    onFiles(event.clipboardData.files);
  });
}
