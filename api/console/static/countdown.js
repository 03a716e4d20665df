// 时限倒计时: one ticker for the whole page.
// The server sends its own time (<html data-server-now>) and, on each element with [data-deadline], the absolute deadline;
// nothing here decides a deadline. data-soon = seconds before the deadline at which 即将到期 begins.
// With data-frozen (or no data-deadline) an element is left as the server wrote it: a stopped clock never moves again.
const root = document.documentElement;
const WORD = { run: "剩余", soon: "即将到期", over: "已超时" };
const BY_DAYS = { run: "剩余", soon: "即将到期", over: "已逾期" };
const UNDECIDED = { run: "待定级", soon: "待定级·即将到期", over: "待定级·已超时" };
const ICON = { run: "#st-run", soon: "#st-soon", over: "#st-over" };
const plainTitle = document.title;
let anchor = null; // server − local, ms
let last = { wall: Date.now(), mono: performance.now() };

/** Set the page's idea of the server's time; called again after each answer that carries one (the stream's `time` event). */
export function sync(serverIso) {
  const server = Date.parse(serverIso);
  if (Number.isNaN(server)) return;
  anchor = server - Date.now();
  root.removeAttribute("data-unsynced");
}

/** The server's time now, in ms, as far as the page knows it. */
export function serverNow() {
  return Date.now() + (anchor ?? 0);
}

/** 26:31:34; hours never wrap into days, and what is over goes on counting. */
export function face(seconds) {
  const s = Math.abs(seconds);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** @returns {"run"|"soon"|"over"} A stop at the due instant is on time: over begins after it. */
export function stateOf(seconds, soon) {
  return seconds < 0 ? "over" : seconds <= soon ? "soon" : "run";
}

/** Say a sentence to those who listen instead of looking. */
export function say(text) {
  const live = document.querySelector("[data-announce]");
  if (live) live.textContent = text; // role="timer" itself stays silent; only a change of state is spoken
}

function drift() {
  // The wall clock and the monotonic one part: the machine slept, or someone set its clock. Both are healed by asking the server.
  const wall = Date.now(), mono = performance.now();
  const gap = Math.abs(wall - last.wall - (mono - last.mono));
  last = { wall, mono };
  if (gap > 2000) resync();
}

function resync() {
  root.setAttribute("data-unsynced", ""); // the page says 校时中 until sync() is called
  document.dispatchEvent(new CustomEvent("clock:resync"));
}

function draw(el, now, loud) {
  const left = Math.floor((Date.parse(el.dataset.deadline) - now) / 1000);
  const state = stateOf(left, Number(el.dataset.soon ?? 1800));
  el.textContent = face(left);
  const box = el.closest("[data-state]");
  if (box && box.dataset.state !== state) {
    const words = box.hasAttribute("data-conditional") ? UNDECIDED : box.hasAttribute("data-days") ? BY_DAYS : WORD;
    box.dataset.state = state;
    const word = box.querySelector(".state .word");
    if (word) word.textContent = words[state];
    box.querySelector(".state use")?.setAttribute("href", ICON[state]);
    if (loud && state !== "run") say(`${el.dataset.name ?? "时限"}${words[state]}`);
  }
  const fill = box?.querySelector(".bar .fill");
  if (fill && el.dataset.start) {
    const from = Date.parse(el.dataset.start), to = Date.parse(el.dataset.deadline);
    fill.setAttribute("width", Math.min(100, Math.max(0, ((now - from) / (to - from)) * 100)).toFixed(1));
  }
  return left;
}

/** Draw all clocks of the page once; also after a part of the page was swapped. */
export function redraw(loud = false) {
  if (anchor === null) return;
  const now = serverNow();
  let nearest = null;
  for (const el of document.querySelectorAll("[data-deadline]:not([data-frozen])")) {
    const left = draw(el, now, loud);
    if (left >= 0 && (nearest === null || left < nearest)) nearest = left;
  }
  for (const el of document.querySelectorAll("[data-clock-face]")) {
    el.textContent = new Date(now).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
  }
  document.title = nearest === null ? plainTitle : `${face(nearest)} ${plainTitle}`;
}

function tick() {
  drift();
  redraw(true);
  setTimeout(tick, 1000 - (serverNow() % 1000) + 5);
}

sync(root.dataset.serverNow);
if (anchor !== null) {
  for (const event of ["pageshow", "online"]) addEventListener(event, (e) => (event !== "pageshow" || e.persisted) && resync());
  document.addEventListener("visibilitychange", () => document.hidden || drift());
  redraw();
  setTimeout(tick, 1000 - (serverNow() % 1000) + 5);
}
