// Slash commands: which there are, and the form of the one that was chosen.

import { ask, act } from "./api.js";
import { h, icon, iconButton, uniqueId } from "./dom.js";
import { ChoiceField, fileField, matching, textField } from "./fields.js";
import { offered } from "./components.js";
import { MAY, store } from "./store.js";

const [STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT] = [
  3, 4, 5, 6, 7, 8, 9, 10, 11,
];
const AS_SELECT = { [USER]: 5, [ROLE]: 6, [MENTIONABLE]: 7, [CHANNEL]: 8 };

/** Every slash command of the channel, those inside others too: {path, description, options}. */
export async function slashCommands() {
  if (!store.may(MAY.commands)) return [];
  const commands = await ask("commands", { as: store.me, channel: store.current });
  return commands
    .filter((command) => command.type === 1)
    .flatMap((command) => leaves(command, command.name));
}

function leaves(command, path) {
  const inner = (command.options ?? []).filter((option) => option.type <= 2);
  if (inner.length) return inner.flatMap((option) => leaves(option, `${path} ${option.name}`));
  return [{ path, description: command.description, options: command.options ?? [] }];
}

/** Those that fit what was typed after the slash, the best first. */
export function fitting(commands, typed) {
  const wanted = typed.toLowerCase();
  const rank = ({ path, description }) => {
    if (path.startsWith(wanted)) return 0;
    if (path.includes(wanted)) return 1;
    return wanted.length > 2 && description.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return commands
    .map((command) => [rank(command), command])
    .filter(([at]) => at < 3)
    .sort(([a, one], [b, other]) => a - b || one.path.localeCompare(other.path))
    .map(([, command]) => command);
}

/** The form of a command, in place of the message field. */
export class CommandForm {
  #fields = new Map();

  constructor(command, { onDone }) {
    this.command = command;
    this.onDone = onDone;
    this.hint = h("p", { class: "command-hint", id: uniqueId("hint"), "aria-live": "polite" });
    this.chips = h("div", { class: "chips" });
    this.others = h("div", { class: "other-options" });
    this.element = h(
      "form",
      { class: "command-form", "aria-label": `The command ${command.path}`, novalidate: true },
      h(
        "div",
        { class: "command-head" },
        h("code", {}, `/${command.path}`),
        h("span", {}, command.description),
        iconButton("close", "Leave the command", () => onDone()),
      ),
      h(
        "div",
        { class: "command-body" },
        this.chips,
        h(
          "button",
          {
            type: "submit",
            class: "icon-button send",
            "aria-label": "Send the command",
            title: "Send the command",
          },
          icon("send"),
        ),
      ),
      this.hint,
      this.others,
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    for (const option of command.options.filter((each) => each.required)) this.#add(option);
    this.#showOthers();
    this.#explain(command.options.length ? null : "It takes no options: press Enter to send it.");
  }

  /** Go to the first option, or to one that was named. `text` is what was typed already. */
  focus(text = "") {
    if (
      !this.#fields.size &&
      this.command.options.length &&
      (text || this.command.options.length === 1)
    )
      this.#add(this.command.options[0]);
    const first = [...this.#fields.values()][0];
    if (text && first && first.input.tagName !== "BUTTON") first.input.value = text;
    (first?.input ?? this.element.querySelector(".send")).focus();
  }

  #add(option) {
    const id = uniqueId("option");
    const field = this.#field(option, { id, "aria-describedby": this.hint.id });
    const chip = h(
      "div",
      {
        class: `chip ${option.type === ATTACHMENT ? "for-file" : ""}`,
        data: { option: option.name },
      },
      h("label", { for: field.input.id || id }, option.name),
      field.element,
      !option.required &&
        iconButton("close", `Remove ${option.name}`, () => {
          this.#fields.delete(option.name);
          chip.remove();
          this.#showOthers();
          this.element.querySelector("textarea, input, .send")?.focus();
        }),
    );
    chip.addEventListener("focusin", () => this.#explain(about(option)));
    this.#fields.set(option.name, { option, chip, ...field, read: () => field.read() });
    this.chips.append(chip);
    this.#showOthers();
    return field;
  }

  #field(option, props) {
    if (option.type === ATTACHMENT)
      return fileField({ label: `${option.name}: choose a file`, describedBy: this.hint.id });
    if (option.autocomplete)
      return new ChoiceField({
        ...props,
        isStrict: false,
        suggest: (text) => this.#suggestions(option, text),
      });
    const items = this.#choices(option);
    if (items)
      return new ChoiceField({
        ...props,
        isStrict: true,
        suggest: (text) => matching(items, text),
      });
    return textField({
      ...props,
      inputmode: [INTEGER, NUMBER].includes(option.type) ? "decimal" : "text",
      maxlength: option.max_length,
    });
  }

  #choices(option) {
    if (option.choices?.length)
      return option.choices.map(({ name, value }) => ({ label: name, value }));
    if (option.type === BOOLEAN)
      return [
        { label: "True", value: true },
        { label: "False", value: false },
      ];
    if (AS_SELECT[option.type])
      return offered({ type: AS_SELECT[option.type], channel_types: option.channel_types });
    return null;
  }

  async #suggestions(option, text) {
    const options = { ...this.#values().options, [option.name]: text };
    const answer = await act(store.me, "complete", {
      channel: store.current,
      path: this.command.path,
      options,
      focused: option.name,
    });
    if (answer?.failed) this.#explain("The suggestions could not be loaded.");
    return (answer?.choices ?? []).map(({ name, value }) => ({ label: name, value }));
  }

  #showOthers() {
    const left = this.command.options.filter((option) => !this.#fields.has(option.name));
    this.others.replaceChildren(
      ...left.map((option) =>
        h(
          "button",
          {
            type: "button",
            class: "option-button",
            title: option.description,
            on: { click: () => this.#add(option).input.focus() },
          },
          icon("plus"),
          option.name,
        ),
      ),
    );
  }

  #explain(sentence, isWrong = false) {
    this.hint.textContent = sentence ?? "";
    this.hint.classList.toggle("wrong", isWrong);
  }

  /** {options, files, wrong}: `wrong` is [field, sentence] of the first that cannot be sent. */
  #values() {
    const options = {};
    const files = [];
    let wrong = null;
    for (const field of this.#fields.values()) {
      const { option } = field;
      const value = field.read();
      if (option.type === ATTACHMENT) {
        if (value.length) files.push([option.name, value[0]]);
        else if (option.required) wrong ??= [field, `${option.name}: a file is needed.`];
        continue;
      }
      const [typed, sentence] = checked(option, value);
      if (sentence) wrong ??= [field, `${option.name}: ${sentence}`];
      else if (typed !== undefined) options[option.name] = typed;
    }
    return { options, files, wrong };
  }

  async send() {
    const { options, files, wrong } = this.#values();
    for (const field of this.#fields.values()) field.input.removeAttribute("aria-invalid");
    if (wrong) {
      wrong[0].input.setAttribute("aria-invalid", "true");
      wrong[0].input.focus();
      this.#explain(wrong[1], true);
      return;
    }
    const { path } = this.command;
    if (
      await store.interact(
        "command",
        { path, options },
        { kind: "command", label: `/${path}` },
        files,
      )
    )
      this.onDone();
  }

  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.onDone();
    } else if (
      event.key === "Enter" &&
      !event.shiftKey &&
      !event.isComposing &&
      event.target.matches("textarea, input")
    ) {
      event.preventDefault();
      this.send();
    } else if (
      event.key === "Backspace" &&
      event.target.matches("textarea, input") &&
      !event.target.value &&
      this.#fields.size <= 1
    ) {
      event.preventDefault();
      this.onDone();
    }
  }
}

function about({ name, description, required }) {
  return `${name}: ${description}${required ? "" : " (optional)"}`;
}

/** The value as its type takes it, or a sentence that says why not. */
function checked(option, value) {
  if (value === "" || (value === undefined && !option.required && option.type !== STRING)) {
    return option.required ? [undefined, "this is needed."] : [undefined, null];
  }
  if (value === undefined) return [undefined, "choose one of the list."];
  if ([INTEGER, NUMBER].includes(option.type) && typeof value === "string") {
    const number = Number(value);
    if (!Number.isFinite(number) || (option.type === INTEGER && !Number.isInteger(number)))
      return [
        undefined,
        option.type === INTEGER ? "a whole number is needed." : "a number is needed.",
      ];
    if (number < (option.min_value ?? -Infinity))
      return [undefined, `at least ${option.min_value}.`];
    if (number > (option.max_value ?? Infinity)) return [undefined, `at most ${option.max_value}.`];
    return [number, null];
  }
  if (option.type === STRING && value.length < (option.min_length ?? 0))
    return [undefined, `at least ${option.min_length} characters.`];
  return [value, null];
}
