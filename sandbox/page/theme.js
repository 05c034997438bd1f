// Light, dark, or as the system has it.

import { iconButton } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const ICON = { auto: "auto", light: "sun", dark: "moon" };
const LABEL = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };

const chosen = () => localStorage.getItem("theme") ?? "auto";

export function applyTheme() {
  document.documentElement.dataset.theme = chosen();
}

export function themeButton() {
  const theme = chosen();
  return iconButton(ICON[theme], LABEL[theme], (event) => {
    localStorage.setItem("theme", NEXT[theme]);
    applyTheme();
    const next = themeButton();
    event.currentTarget.replaceWith(next);
    next.focus();
  });
}
