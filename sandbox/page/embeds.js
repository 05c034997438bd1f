// Embeds, as they stand under a message.

import { h } from "./dom.js";
import { ownPath, picture } from "./files.js";
import { moment, rich } from "./text.js";

export const isWeb = (url) => /^https?:\/\//i.test(url ?? "");

export function outside(url, label) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url }, label);
}

export function colored(element, color) {
  if (color) element.style.setProperty("--stripe", `#${color.toString(16).padStart(6, "0")}`);
  return element;
}

export function embedView(embed, message) {
  const { author, footer, fields = [] } = embed;
  const title = embed.title && rich(embed.title, message, { class: "embed-title" });
  const image = ownPath(embed.image?.url, message);
  const thumbnail = ownPath(embed.thumbnail?.url, message);
  const when = embed.timestamp && moment(new Date(embed.timestamp));
  return colored(
    h(
      "section",
      { class: "embed", "aria-label": "Embed" },
      thumbnail && h("div", { class: "embed-thumbnail" }, picture(thumbnail, "")),
      author &&
        h(
          "div",
          { class: "embed-author" },
          isWeb(author.url) ? outside(author.url, author.name) : author.name,
        ),
      title && (isWeb(embed.url) ? h("div", {}, outside(embed.url, title)) : title),
      embed.description && rich(embed.description, message),
      fields.length > 0 &&
        h(
          "dl",
          { class: "embed-fields" },
          fields.map((field) =>
            h(
              "div",
              { class: field.inline ? "inline" : "" },
              h("dt", {}, rich(field.name, message)),
              h("dd", {}, rich(field.value, message)),
            ),
          ),
        ),
      image && picture(image, ""),
      !image &&
        isWeb(embed.image?.url) &&
        h("p", {}, outside(embed.image.url, "Picture from elsewhere")),
      (footer || when) && h("footer", {}, [footer?.text, when].filter(Boolean).join(" • ")),
    ),
    embed.color,
  );
}

/** Files that an embed or a component shows are not shown again below the message. */
export function shownInside(message) {
  const places = (message.embeds ?? []).flatMap((embed) => [
    embed.image?.url,
    embed.thumbnail?.url,
  ]);
  return new Set(
    places
      .filter(Boolean)
      .map((url) => ownPath(url, message))
      .filter(Boolean),
  );
}
