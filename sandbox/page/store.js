// What is known, and who is told when it changes. The page shows this and nothing else.

import { act, ask, Watch } from "./api.js";
import { notify } from "./dom.js";

export const LOADING = 1 << 7;
export const EPHEMERAL = 1 << 6;
export const IS_V2 = 1 << 15;
export const MAY = {
  manageChannels: 1n << 4n,
  react: 1n << 6n,
  send: 1n << 11n,
  manageMessages: 1n << 13n,
  attach: 1n << 15n,
  history: 1n << 16n,
  commands: 1n << 31n,
  sendInThreads: 1n << 38n,
};
const TYPING_MS = 10_000;

export const isOlder = (a, b) => a.length < b.length || (a.length === b.length && a < b);

class Store {
  me = "";
  bot = "";
  people = [];
  users = new Map();
  guilds = [];
  channels = new Map();
  current = null;
  /** By channel: {messages: Map by id, isComplete, waiting: events that came while it was loaded}. */
  rooms = new Map();
  typing = new Map();
  unread = new Map();
  /** The first unread message of the channel that is open. */
  newFrom = null;
  /** Interactions without an answer, by id, and outcomes that came before their id was known. */
  pending = new Map();
  #outcomes = new Map();
  #listeners = new Map();
  #watch = null;

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, []);
    this.#listeners.get(name).push(listener);
  }

  emit(name, data) {
    for (const listener of this.#listeners.get(name) ?? []) listener(data);
  }

  // -- whose eyes ----------------------------------------------------------------------------

  /** See everything as this person does; the first person where none is named. */
  async become(person) {
    this.#watch?.close();
    const state = await ask("state", person ? { as: person } : {});
    const wanted = this.current;
    this.#take(state);
    this.me = state.me;
    sessionStorage.setItem("person", this.me);
    this.current = null;
    this.rooms.clear();
    this.typing.clear();
    this.pending.clear();
    this.unread.clear();
    for (const channel of this.channels.values()) {
      const read = this.#read()[channel.id];
      const last = channel.last_message_id;
      if (read !== undefined && last && isOlder(read, last))
        this.unread.set(channel.id, { count: 0, mentions: 0 });
      else this.#markRead(channel.id, last ?? "0");
    }
    // Messages are asked for once events come, so that none falls in between.
    await new Promise((resolve, reject) => {
      this.#watch = new Watch(this.me, {
        onOpen: () => this.#connected(wanted).then(resolve, reject),
        onEvent: (name, data) => this.#hear(name, data),
        onLost: () => this.emit("link", false),
      });
    });
  }

  #take(state) {
    this.bot = state.bot;
    this.people = state.people;
    this.guilds = state.guilds;
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  }

  /** Whatever was missed while there was no connection is asked for anew. */
  async #connected(wanted) {
    this.emit("link", true);
    this.#take(await ask("state", { as: this.me }));
    this.rooms.clear();
    const at = [this.current, wanted].find((id) => this.channels.has(id));
    await this.open(at ?? this.channels.keys().next().value);
    this.emit("people");
  }

  user(id) {
    return this.users.get(id);
  }

  channel() {
    return this.channels.get(this.current);
  }

  guild(channel = this.channel()) {
    return this.guilds.find((guild) => guild.id === channel.guild_id);
  }

  may(permission, channel = this.channel()) {
    return (BigInt(channel.permissions) & permission) === permission;
  }

  maySend(channel = this.channel()) {
    return this.may(
      channel.type >= 10 && channel.type <= 12 ? MAY.sendInThreads : MAY.send,
      channel,
    );
  }

  // -- channels and their messages -----------------------------------------------------------

  async open(id) {
    const read = this.#read()[id];
    this.newFrom = this.unread.has(id) ? (read ?? "0") : null;
    this.current = id;
    this.unread.delete(id);
    this.emit("channel");
    const room = await this.#room(id);
    if (this.current !== id) return;
    this.#markRead(id, [...room.messages.keys()].at(-1) ?? "0");
    this.emit("loaded");
  }

  async #room(id) {
    if (this.rooms.has(id)) return this.rooms.get(id);
    const room = { messages: new Map(), isComplete: false, refusal: null, waiting: [] };
    this.rooms.set(id, room);
    try {
      const messages = await ask("messages", { as: this.me, channel: id });
      room.isComplete = messages.length < 50;
      for (const message of messages) room.messages.set(message.id, message);
    } catch (error) {
      room.refusal = error.message;
      room.isComplete = true;
    }
    const waiting = room.waiting;
    room.waiting = null;
    for (const [name, data] of waiting) this.#hear(name, data);
    return room;
  }

  messages() {
    return this.rooms.get(this.current)?.messages ?? new Map();
  }

  /** Load what came before; whether there was anything. */
  async loadOlder() {
    const id = this.current;
    const room = this.rooms.get(id);
    if (!room || room.isComplete || room.waiting || room.isAsking) return;
    room.isAsking = true;
    const first = room.messages.keys().next().value;
    const older = await ask("messages", { as: this.me, channel: id, before: first });
    room.isAsking = false;
    room.isComplete = older.length < 50;
    room.messages = new Map([...older.map((message) => [message.id, message]), ...room.messages]);
    if (this.current === id) this.emit("older", older);
  }

  #read() {
    return JSON.parse(sessionStorage.getItem(`read-${this.me}`) ?? "{}");
  }

  #markRead(channel, message) {
    sessionStorage.setItem(
      `read-${this.me}`,
      JSON.stringify({ ...this.#read(), [channel]: message }),
    );
  }

  // -- what happens --------------------------------------------------------------------------

  #hear(name, data) {
    const room = this.rooms.get(data.channel_id);
    if (room?.waiting && name.startsWith("MESSAGE_")) {
      room.waiting.push([name, data]);
      return;
    }
    this[`_${name}`]?.(data, room);
  }

  _MESSAGE_CREATE(message, room) {
    const isNew = !room?.messages.has(message.id);
    if (!isNew) {
      this._MESSAGE_UPDATE(message, room);
      return;
    }
    const [oldest] = room?.messages.keys() ?? [];
    // Told late, and older than what was asked for: it comes with the rest when one scrolls up.
    if (oldest && isOlder(message.id, oldest) && !room.isComplete) return;
    room?.messages.set(message.id, message);
    this.#stopTyping(message.channel_id, message.author.id);
    const isHere = message.channel_id === this.current;
    if (isHere && !document.hidden) this.#markRead(message.channel_id, message.id);
    else if (message.author.id !== this.me) this.#count(message);
    if (isHere) this.emit("message", message);
  }

  _MESSAGE_UPDATE(message, room) {
    if (!room?.messages.has(message.id)) return;
    room.messages.set(message.id, { ...room.messages.get(message.id), ...message });
    if (message.channel_id === this.current) this.emit("change", room.messages.get(message.id));
  }

  _MESSAGE_DELETE({ id, channel_id: channel }, room) {
    if (room?.messages.delete(id) && channel === this.current) this.emit("gone", id);
  }

  _MESSAGE_REACTION_ADD(data, room) {
    this.#reacted(data, room, true);
  }

  _MESSAGE_REACTION_REMOVE(data, room) {
    this.#reacted(data, room, false);
  }

  #reacted({ message_id: id, user_id: user, emoji }, room, adds) {
    const message = room?.messages.get(id);
    if (!message) return;
    const others = (message.reactions ?? []).map((entry) => ({
      ...entry,
      by: entry.by.filter((by) => by !== user || entry.emoji.name !== emoji.name),
    }));
    let entry = others.find((candidate) => candidate.emoji.name === emoji.name);
    if (!entry) others.push((entry = { emoji, by: [] }));
    if (adds) entry.by.push(user);
    message.reactions = others
      .map((each) => ({ ...each, count: each.by.length }))
      .filter((each) => each.count);
    this.emit("change", message);
  }

  _TYPING_START({ channel_id: channel, user_id: user }) {
    if (user === this.me) return;
    const here = this.typing.get(channel) ?? new Map();
    clearTimeout(here.get(user));
    here.set(
      user,
      setTimeout(() => this.#stopTyping(channel, user), TYPING_MS),
    );
    this.typing.set(channel, here);
    this.emit("typing");
  }

  #stopTyping(channel, user) {
    const here = this.typing.get(channel);
    if (!here?.has(user)) return;
    clearTimeout(here.get(user));
    here.delete(user);
    this.emit("typing");
  }

  _CHANNEL_CREATE() {
    this.#refreshChannels();
  }

  _CHANNEL_UPDATE() {
    this.#refreshChannels();
  }

  _THREAD_CREATE() {
    this.#refreshChannels();
  }

  _CHANNEL_DELETE() {
    this.#refreshChannels();
  }

  async #refreshChannels() {
    this.#take(await ask("state", { as: this.me }));
    if (!this.channels.has(this.current)) await this.open([...this.channels.keys()][0]);
    this.emit("channels");
  }

  #count(message) {
    const unread = this.unread.get(message.channel_id) ?? { count: 0, mentions: 0 };
    unread.count += 1;
    if (this.concerns(message)) unread.mentions += 1;
    this.unread.set(message.channel_id, unread);
    this.emit("unread");
  }

  concerns(message) {
    return message.mention_everyone || message.mentions.some((user) => user.id === this.me);
  }

  // -- interactions --------------------------------------------------------------------------

  /** Send the bot an interaction. `about`: {kind: "command", label} or {kind: "component", message, part}. */
  async interact(action, request, about, files) {
    const person = this.me;
    const done = await act(person, action, { channel: this.current, ...request }, files);
    if (!done || person !== this.me) return Boolean(done);
    const entry = { id: done.interaction, channel: this.current, ...about, state: "waiting" };
    const outcome = this.#outcomes.get(entry.id);
    this.pending.set(entry.id, entry);
    if (outcome) this.#settle(entry.id, outcome);
    else this.emit("pending");
    return true;
  }

  isBusy(message, part) {
    return [...this.pending.values()].some(
      (entry) => entry.state === "waiting" && entry.message === message && entry.part === part,
    );
  }

  dismiss(id) {
    this.pending.delete(id);
    this.emit("pending");
  }

  _INTERACTION_SUCCESS({ id }) {
    this.#settle(id, "answered");
  }

  _INTERACTION_FAILURE({ id }) {
    this.#settle(id, "failed");
  }

  _INTERACTION_MODAL_CREATE(modal) {
    this.emit("modal", modal);
  }

  #settle(id, outcome) {
    this.#outcomes.set(id, outcome);
    while (this.#outcomes.size > 100) this.#outcomes.delete(this.#outcomes.keys().next().value);
    const entry = this.pending.get(id);
    if (!entry) return;
    if (outcome === "answered" || entry.kind === "submit") this.pending.delete(id);
    entry.state = outcome;
    if (outcome === "failed" && entry.kind === "submit") notify("The application did not respond.");
    this.emit("pending");
  }

  /** Something that needs no answer of the bot. */
  async act(action, request, files) {
    return act(this.me, action, { channel: this.current, ...request }, files);
  }
}

export const store = new Store();
