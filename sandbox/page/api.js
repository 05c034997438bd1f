// The way to the server: questions, actions, and everything that happens.

import { notify } from "./dom.js";

async function answer(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

export async function ask(path, parameters) {
  const query = new URLSearchParams(parameters);
  return answer(await fetch(`/page/${path}?${query}`));
}

/** Do something as a person. `files` are pairs of a field's name and a File. A refusal is shown. */
export async function act(person, action, request, files = []) {
  const form = new FormData();
  form.append("request", JSON.stringify(request));
  for (const [name, file] of files) form.append(name, file, file.name);
  try {
    return await answer(
      await fetch(`/page/do/${action}?as=${person}`, { method: "POST", body: form }),
    );
  } catch (error) {
    notify(
      error instanceof TypeError
        ? "The sandbox cannot be reached. Is it still running?"
        : error.message,
    );
    return null;
  }
}

/** Follow what a person sees; connects again by itself until it is closed. */
export class Watch {
  #socket = null;
  #isClosed = false;
  #wait = 250;

  constructor(person, { onOpen, onEvent, onLost }) {
    this.person = person;
    this.listeners = { onOpen, onEvent, onLost };
    this.#connect();
  }

  close() {
    this.#isClosed = true;
    this.#socket.close();
  }

  #connect() {
    const socket = new WebSocket(`ws://${location.host}/page/watch?as=${this.person}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = 250;
      this.listeners.onOpen();
    };
    socket.onmessage = (message) => {
      if (this.#isClosed) return;
      const { t, d } = JSON.parse(message.data);
      this.listeners.onEvent(t, d);
    };
    socket.onclose = () => {
      if (this.#isClosed) return;
      this.listeners.onLost();
      setTimeout(() => !this.#isClosed && this.#connect(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, 5000);
    };
  }
}
