// What keeps an open page true: the stream says what changed, the page asks for itself again and takes over its live parts.
// [data-part="x"] is replaced where its content differs; with data-mode="wait" (the alerts) new items wait behind a button, so that
// nothing moves under the pointer. Without this module each page still shows what the server wrote.
import { redraw, say, serverNow, sync } from "./countdown.js";

const PAUSE = 250; // ms: a burst of changes is one request
const root = document.documentElement;
const light = document.querySelector("[data-live]");
const word = document.querySelector("[data-live-word]");
const banner = document.querySelector("[data-live-banner]");
const bannerText = document.querySelector("[data-live-text]");
let stream = null;
let lostAt = null; // server time at which the connection went
let wanted = null; // timer of the next refresh
let waiting = new Map(); // part name → the new element that waits for a click
let running = false, again = false;

function show(state, text) {
  light?.setAttribute("data-state", state);
  if (word && word.textContent !== text) word.textContent = text;
}

function lost() {
  if (lostAt === null) {
    lostAt = serverNow();
    say("与服务断开，正在重连。");
  }
  const seconds = Math.max(0, Math.round((serverNow() - lostAt) / 1000));
  show("stale", `断开 ${seconds} 秒`);
  if (banner && seconds >= 3) {
    const since = new Date(lostAt).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
    banner.hidden = false;
    banner.dataset.state = "slow";
    bannerText.textContent = `与服务断开，正在重连。页面停在 ${since} 的样子；时限仍按截止时间在走。`;
  }
}

function back() {
  show("run", "实时");
  refresh(); // what changed between the page's writing and now
  if (lostAt === null) return;
  const seconds = Math.round((serverNow() - lostAt) / 1000);
  lostAt = null;
  if (banner && !banner.hidden) {
    banner.dataset.state = "done";
    bannerText.textContent = `已重新连上，中断 ${seconds} 秒，变化已补收。`;
    setTimeout(() => { if (lostAt === null) banner.hidden = true; }, 8000);
  }
  say("已重新连上。");
}

function connect() {
  stream?.close();
  stream = new EventSource("/api/v1/stream");
  stream.addEventListener("open", back);
  stream.addEventListener("error", () => {
    lost();
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 3000); // an answer that is no stream ends the browser's own tries
  });
  stream.addEventListener("time", (e) => sync(instant(e.data)));
  stream.addEventListener("change", refresh);
}

/** The instant in a message: bare, or in an object as now, time or at. */
function instant(data) {
  try {
    const said = JSON.parse(data);
    return typeof said === "string" ? said : said.now ?? said.time ?? said.at;
  } catch {
    return data;
  }
}

function refresh() {
  if (wanted === null) wanted = setTimeout(() => { wanted = null; take(); }, PAUSE);
}

async function take() {
  if (running) { again = true; return; }
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-For": "live" }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return; } // signed out
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    sync(page.documentElement.dataset.serverNow);
    for (const old of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${CSS.escape(old.dataset.part)}"]`);
      if (fresh) merge(old, document.importNode(fresh, true));
    }
    redraw();
  } catch {
    // the stream's own error says that we are cut off
  } finally {
    running = false;
    if (again) { again = false; refresh(); }
  }
}

function merge(old, fresh) {
  if (old.dataset.mode === "wait") { hold(old, fresh); return; }
  if (same(old, fresh)) return;
  // in use: a field is being filled, or a popover is being read; taken over at the next change
  if (old.querySelector("details[open]") || (old.contains(document.activeElement) && document.activeElement !== document.body)) {
    setTimeout(refresh, 2000);
    return;
  }
  old.replaceWith(fresh);
}

function same(a, b) {
  return shape(a) === shape(b);
}

/** What the server wrote, without what the ticker draws into it. */
function shape(el) {
  const copy = el.cloneNode(true);
  for (const timer of copy.querySelectorAll("[data-deadline]")) timer.textContent = "";
  for (const fill of copy.querySelectorAll(".bar .fill")) fill.removeAttribute("width");
  for (const age of copy.querySelectorAll("[data-age]")) age.textContent = "";
  for (const opened of copy.querySelectorAll("details[open]")) opened.removeAttribute("open");
  return copy.innerHTML;
}

function ids(part) {
  return [...part.querySelectorAll("[data-id]")].map((item) => item.dataset.id);
}

/** New items wait behind the button; counts change in place. */
function hold(old, fresh) {
  const now = ids(old), then = ids(fresh);
  const added = then.filter((id) => !now.includes(id)).length;
  const button = old.querySelector("[data-show-new]");
  for (const count of fresh.querySelectorAll("[data-count]")) {
    const place = old.querySelector(`[data-count="${CSS.escape(count.dataset.count)}"]`);
    if (place && place.textContent !== count.textContent) place.textContent = count.textContent;
  }
  if (now.join() === then.join() && same(old.querySelector("[data-list]"), fresh.querySelector("[data-list]"))) {
    if (button) button.hidden = true;
    waiting.delete(old.dataset.part);
    return;
  }
  waiting.set(old.dataset.part, fresh);
  if (!button) return;
  const text = added ? `有 ${added} 条新预警，点此显示` : "列表已有变化，点此更新";
  if (button.hidden || button.textContent !== text) {
    button.textContent = text;
    button.hidden = false;
    if (added) say(`有 ${added} 条新预警。`);
  }
}

document.addEventListener("click", (e) => {
  const button = e.target.closest?.("[data-show-new]");
  if (button) {
    const old = button.closest("[data-part]");
    const fresh = waiting.get(old.dataset.part);
    if (!fresh) return;
    waiting.delete(old.dataset.part);
    old.replaceWith(fresh);
    redraw();
    const heading = fresh.querySelector("h1, h2");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    return;
  }
  for (const open of document.querySelectorAll("details.why[open]")) if (!open.contains(e.target)) open.open = false;
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape") {
    for (const open of document.querySelectorAll("details.why[open]")) {
      open.open = false;
      if (open.contains(document.activeElement)) open.querySelector("summary").focus();
    }
  } else if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest?.("input, textarea, select")) {
    e.preventDefault();
    const box = document.querySelector("#q");
    if (box) box.focus();
    else location.assign("/search");
  }
});

/** A link to a folded form opens it, also when it is the page's own address. */
function unfold() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!(target instanceof HTMLDetailsElement)) return;
  for (let one = target; one; one = one.parentElement.closest("details")) one.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();

setInterval(() => { if (lostAt !== null) lost(); }, 1000);
document.addEventListener("clock:resync", async () => {
  try {
    const answer = await fetch("/api/v1/time", { credentials: "same-origin", cache: "no-store" });
    if (answer.ok) sync(instant(await answer.text()));
  } catch {
    // the stream's next time event heals it
  }
});
addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (e) => { if (e.persisted) { connect(); refresh(); } });

if (root.dataset.serverNow) connect();
