// Dialogs that the bot opens.

import { componentView, selectView } from "./components.js";
import { h, iconButton, uniqueId } from "./dom.js";
import { fileField, textField } from "./fields.js";
import { closeFloating } from "./floating.js";
import { store } from "./store.js";

const [ROW, SELECT, TEXT, USER, CHANNEL, LABEL, UPLOAD] = [1, 3, 4, 5, 8, 18, 19];

export function openModal(modal) {
  closeFloating();
  const fields = [];
  const parts = modal.components
    .flatMap((part) => (part.type === ROW ? part.components : [part]))
    .map((part) => fieldView(part, modal, fields));
  const sentence = h("p", { class: "modal-error", role: "alert" });
  const titled = uniqueId("title");
  const form = h(
    "form",
    { novalidate: true },
    parts,
    sentence,
    h(
      "div",
      { class: "modal-actions" },
      h(
        "button",
        { type: "button", class: "button secondary", on: { click: () => dialog.close() } },
        "Cancel",
      ),
      h("button", { type: "submit", class: "button primary" }, "Submit"),
    ),
  );
  const dialog = h(
    "dialog",
    { class: "modal", "aria-labelledby": titled },
    h(
      "header",
      {},
      h("h2", { id: titled }, modal.title),
      iconButton("close", "Close", () => dialog.close()),
    ),
    form,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.map((field) => field.wrong()).find(Boolean);
    sentence.textContent = wrong ?? "";
    if (wrong) return;
    const request = { interaction: modal.id, fields: {} };
    const files = [];
    for (const { id, kind, read } of fields) {
      if (kind === UPLOAD) files.push(...read().map((file) => [id, file]));
      else request.fields[id] = read();
    }
    if (await store.interact("submit", request, { kind: "submit" }, files)) dialog.close();
  });
  dialog.addEventListener("close", () => {
    closeFloating();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("textarea, input, .select, .choose-file")?.focus();
}

function fieldView(part, modal, fields) {
  if (part.type !== LABEL && part.type !== TEXT) return componentView(part, modal);
  const component = part.type === LABEL ? part.component : part;
  const label = part.label ?? "";
  const isRequired = component.required ?? true;
  const id = uniqueId("field");
  const about =
    part.description && h("p", { class: "field-about", id: `${id}-about` }, part.description);
  const { element, input, read } = control(component, label, {
    id,
    "aria-describedby": about ? about.id : null,
  });
  fields.push({
    id: component.custom_id,
    kind: component.type,
    read,
    wrong: () => wrong(component, label, read(), isRequired),
  });
  return h(
    "div",
    { class: "field" },
    h(
      "label",
      { for: input.id || id },
      label,
      isRequired && h("span", { class: "needed", "aria-label": "required" }, " *"),
    ),
    about,
    element,
  );
}

function control(component, label, props) {
  if (component.type === UPLOAD)
    return fileField({
      most: component.max_values ?? 1,
      label,
      describedBy: props["aria-describedby"],
    });
  if ((component.type >= USER && component.type <= CHANNEL) || component.type === SELECT) {
    let chosen = (
      component.default_values ??
      component.options?.filter((option) => option.default) ??
      []
    ).map((entry) => entry.value ?? entry.id);
    const element = selectView(component, (values) => (chosen = values), label);
    element.id = props.id;
    return { element, input: element, read: () => chosen };
  }
  const field = textField({
    ...props,
    rows: component.style === 2 ? 4 : 1,
    placeholder: component.placeholder,
    maxlength: component.max_length,
  });
  field.element.value = component.value ?? "";
  if (component.style !== 2) {
    field.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      field.element.form.requestSubmit();
    });
  }
  return field;
}

function wrong(component, label, value, isRequired) {
  if (isRequired && !value.length) return `${label}: this is needed.`;
  const least = component.min_length ?? 0;
  if (component.type === TEXT && value.length && value.length < least)
    return `${label}: at least ${least} characters.`;
  const fewest = component.min_values ?? (isRequired ? 1 : 0);
  if (component.type !== TEXT && value.length && value.length < fewest)
    return `${label}: at least ${fewest}.`;
  return null;
}
