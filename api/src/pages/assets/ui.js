// The pages work without this module; it only adds: live figures, keys, read-outs of charts, the hash check, copying.
// It holds no words: texts come from the page, as attributes.

const $ = (query, from = document) => from.querySelector(query);
const all = (query, from = document) => [...from.querySelectorAll(query)];
const status = $("#status");
const tell = (text) => { if (status && text) { status.textContent = ""; requestAnimationFrame(() => { status.textContent = text; }); } };

/* ---------- live: a position is a hint, and what is shown is asked for again ---------- */
const live = $("[data-live]");
const QUIET_MS = 10_000; // without a message for so long, nothing is live
const REST_MS = 2_000; // between two looks at the same part

let source = null, paused = false, heard = 0, lastLook = 0, looking = false, wanted = 0;

const word = (name) => {
  if (!live) return;
  live.dataset.state = name;
  $("[data-word]", live).textContent = live.dataset[`live${name[0].toUpperCase()}${name.slice(1)}`];
  live.setAttribute("aria-pressed", String(name === "on"));
};

const isBusy = (part) => part.contains(document.activeElement) || part.matches(":hover") && part.matches("[data-still]");

async function look() {
  if (looking || !wanted) return;
  const rest = REST_MS - (Date.now() - lastLook);
  if (rest > 0) { setTimeout(look, rest); return; }
  looking = true;
  const position = wanted;
  wanted = 0;
  for (const part of all("[data-fragment]")) {
    if (isBusy(part)) continue;
    const url = new URL(location.href);
    url.searchParams.set("fragment", part.dataset.fragment);
    try {
      const answer = await fetch(url, { headers: { "Ledger-Min-Position": position }, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) continue;
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!isBusy(part)) part.replaceChildren(...html.body.childNodes);
    } catch { /* the stream says when the service is away */ }
  }
  all("[data-shown-position]").forEach((place) => { place.textContent = Number(position).toLocaleString("en"); });
  lastLook = Date.now();
  looking = false;
  look();
}

function open() {
  if (!live || source || paused || document.hidden) return;
  source = new EventSource("/ui/stream");
  source.addEventListener("position", (message) => {
    heard = Date.now();
    word("on");
    const position = Number(message.data), shown = Number(document.body.dataset.position);
    if (position > shown) {
      document.body.dataset.position = position;
      newer(position);
      wanted = position;
      look();
    }
  });
  heard = Date.now();
}

function close() { source?.close(); source = null; }

if (live) {
  live.hidden = false;
  word("on");
  live.addEventListener("click", () => {
    paused = !paused;
    if (paused) { close(); word("off"); } else { open(); word("on"); }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  setInterval(() => {
    if (paused || document.hidden || Date.now() - heard < QUIET_MS) return;
    if (live.dataset.state !== "lost") { word("lost"); tell(live.dataset.liveLost); }
    close();
    open();
  }, 2_000);
  open();
}

/** Rows never move under whoever reads them: newer ones wait to be asked for. */
function newer(position) {
  const bar = $("[data-newer]");
  if (!bar) return;
  const follow = $("[data-follow][aria-pressed=true]");
  if (follow) { location.reload(); return; }
  const count = position - Number(bar.dataset.newer);
  bar.hidden = count <= 0;
  const place = $("[data-newer-count]", bar);
  if (place) place.textContent = bar.dataset.newerText.replace("{n}", count.toLocaleString("en"));
}

/* ---------- keys: never in fields, never with a modifier, and off where the reader wants none ---------- */
const typing = (target) => target.closest("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]");
const keysOn = document.body.dataset.keys !== "off";
let going = 0, lastTicked = null;

const rows = () => all("[data-list] [data-item]");
function move(by) {
  const list = rows();
  if (!list.length) return;
  const here = list.findIndex((item) => item === document.activeElement || item.getAttribute("aria-current"));
  const next = list[Math.min(Math.max(here + by, 0), list.length - 1)];
  next.focus();
  if (next.closest("[data-list=follow]") && next.href && next.getAttribute("aria-current") === null) next.click();
}

const currentRow = () => (document.activeElement?.closest("[data-row]") ?? $("[data-row]:has([aria-current])"));
function tick(range) {
  const box = currentRow()?.querySelector("input[type=checkbox]");
  if (!box) return;
  const boxes = all("[data-row] input[type=checkbox]");
  const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(box)];
  box.checked = !box.checked;
  if (range && from >= 0) boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => { one.checked = box.checked; });
  lastTicked = box;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

const press = (query) => { const found = all(query).find((one) => one.getClientRects().length); found?.click(); return Boolean(found); };

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    all("details[open].pop, details[open].menu").forEach((one) => { one.open = false; });
    if (typing(event.target)) event.target.blur();
    return;
  }
  if (!keysOn || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const key = event.key;
  if (going && Date.now() - going < 1_500) {
    going = 0;
    if (press(`a[data-go="${CSS.escape(key)}"]`)) event.preventDefault();
    return;
  }
  const actions = {
    g: () => { going = Date.now(); },
    "?": () => { location.href = "/ui/settings#keys"; },
    "/": () => $("[data-search]")?.focus(),
    t: () => { const box = $("#go-to-moment"); if (box) { box.open = true; $("input", box)?.focus(); } },
    j: () => move(1),
    k: () => move(-1),
    x: () => tick(false),
    X: () => tick(true),
    o: () => { const link = currentRow()?.querySelector("a[data-open], a[data-item]"); link?.click(); },
    f: () => press("[data-follow]"),
    ".": () => press("[data-show-newer]"),
  };
  if (press(`[data-key="${CSS.escape(key)}"]`)) event.preventDefault();
  else if (actions[key]) { event.preventDefault(); actions[key](); }
});

/* a note is asked for before a rejection is sent */
all("[data-needs-note]").forEach((button) => button.addEventListener("click", (event) => {
  const note = $("textarea[name=note]", button.form);
  if (note && !note.value.trim()) { event.preventDefault(); note.setAttribute("aria-invalid", "true"); note.focus(); tell(button.dataset.needsNote); }
}));
$("[data-follow]")?.addEventListener("click", (event) => {
  const button = event.currentTarget;
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
});

/* ---------- boxes: how many are ticked ---------- */
const counts = all("[data-ticked]");
if (counts.length) {
  const every = $("[data-tick-all]");
  const boxes = () => all("[data-row] input[type=checkbox]");
  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    counts.forEach((place) => { place.textContent = ticked ? place.dataset.ticked.replace("{n}", ticked) : place.dataset.none; });
    all("[data-bulk]").forEach((button) => { button.disabled = !ticked; });
  };
  document.addEventListener("change", (event) => {
    if (event.target === every) boxes().forEach((box) => { box.checked = every.checked; });
    count();
  });
  count();
}

/* ---------- charts: one place at a time, under the pointer or by arrows ---------- */
document.addEventListener("keydown", (event) => {
  const chart = event.target.closest?.("[data-chart]");
  if (!chart) return;
  const places = all(".hit", chart);
  const here = places.findIndex((place) => place.classList.contains("on"));
  const last = places.length - 1;
  const next = { ArrowLeft: here < 0 ? last : Math.max(here - 1, 0), ArrowRight: Math.min(here + 1, last), Home: 0, End: last }[event.key];
  if (next === undefined || last < 0) return;
  event.preventDefault();
  places.forEach((place, at) => place.classList.toggle("on", at === next));
  tell(all("text", places[next]).map((text) => text.textContent).join(", "));
});
document.addEventListener("focusout", (event) => {
  const chart = event.target.closest?.("[data-chart]");
  if (chart) all(".hit.on", chart).forEach((place) => place.classList.remove("on"));
});

/* ---------- the rail: days by arrows ---------- */
$(".rail")?.addEventListener("keydown", (event) => {
  const links = all("a", event.currentTarget);
  const here = links.indexOf(document.activeElement);
  const next = { ArrowLeft: here - 1, ArrowRight: here + 1 }[event.key];
  if (links[next]) { event.preventDefault(); links[next].focus(); }
});

/* ---------- proof: SHA-256 over the bytes that the page shows ---------- */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
if (globalThis.isSecureContext && crypto.subtle) {
  all("[data-hash-bytes]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytesOf(button.dataset.hashBytes)));
      const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const same = hex === button.dataset.hashExpected;
      const place = button.parentElement.querySelector("[data-hash-result]") ?? $("[data-hash-result]");
      if (place) {
        place.textContent = `${same ? button.dataset.hashSame : button.dataset.hashOther} ${hex}`;
        place.classList.remove("go", "no");
        place.classList.add(same ? "go" : "no");
      }
      tell(same ? button.dataset.hashSame : button.dataset.hashOther);
    });
  });
}

all("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    tell(button.dataset.copied);
  });
});

/* ---------- the editor: a changed field tries the draft again, a button changes the rule in its place ---------- */
const draft = $("form[data-draft]");
if (draft) {
  const REST_AFTER_KEY_MS = 350;
  let waiting = 0, trying = false, again = false;

  const send = async (button, fragment) => {
    const fields = new URLSearchParams(new FormData(draft));
    fields.append("do", button);
    const url = new URL(draft.getAttribute("action"), location.href);
    if (fragment) url.searchParams.set("fragment", fragment);
    const answer = await fetch(url, { method: "POST", body: fields, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  /** What had the focus has it again, in what has taken its place. */
  const swap = (place, nodes) => {
    const id = document.activeElement?.id;
    place.replaceChildren(...nodes);
    return id ? document.getElementById(id) : null;
  };

  const tryIt = async () => {
    const place = $("[data-tried]", draft);
    if ($("[data-slow]", place)) { place.dataset.stale = ""; return; } // only when somebody asks
    if (trying) { again = true; return; }
    trying = true;
    again = false;
    place.setAttribute("aria-busy", "true");
    try {
      const html = await send("try", "tried");
      if (!again) { swap(place, html.body.childNodes)?.focus(); delete place.dataset.stale; tell($("[data-say]", place)?.dataset.say); }
    } catch { place.dataset.stale = ""; }
    place.removeAttribute("aria-busy");
    trying = false;
    if (again) tryIt();
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(tryIt, REST_AFTER_KEY_MS); };

  draft.addEventListener("input", (event) => { if (!event.target.matches("[data-shape]")) soon(); });
  draft.addEventListener("change", (event) => { if (event.target.matches("[data-shape]")) draft.requestSubmit($("[data-again]", draft)); });
  let plain = false; // where the service cannot be asked so, the browser asks
  draft.addEventListener("submit", async (event) => {
    const by = event.submitter;
    if (plain || by?.name !== "do" || by.value === "save") return;
    event.preventDefault();
    clearTimeout(waiting);
    const html = await send(by.value).catch(() => null);
    const form = html && $("form[data-draft]", html);
    if (!form) { plain = true; draft.requestSubmit(by); return; }
    const kept = swap(draft, form.childNodes);
    ($("[autofocus]", draft) ?? kept)?.focus();
    tell($("[data-say]", draft)?.dataset.say);
  });
}
