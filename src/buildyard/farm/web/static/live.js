/* buildyard: keeps a page live.  Swaps fragments, appends log lines, keeps times fresh, copies, listens to keys.
   Every page is whole without it. */
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = document.documentElement;
  page.classList.add("js");

  // Times, in the words of the server (builds/words.py).
  const two = (n) => String(n).padStart(2, "0");
  const duration = (s) =>
    s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} m ${two(s % 60)} s`
      : s < 86400 ? `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} m`
        : `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  const ago = (s) => {
    if (s < 1) return "now";
    for (const [limit, length, unit] of [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [2592000, 86400, "d"],
      [7257600, 604800, "w"], [63072000, 2630016, "mo"]]) if (s < limit) return `${Math.floor(s / length)} ${unit} ago`;
    return `${Math.floor(s / 31557600)} y ago`;
  };
  // The server's clock counts, not the reader's: each answer brings it.
  let ahead = 0;
  const since = (at) => Math.max(0, Math.floor((Date.now() + ahead - new Date(at)) / 1000));
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const tick = () => {
    for (const node of $$("time[datetime]")) put(node, ago(since(node.dateTime)));
    for (const node of $$("[data-since]")) put(node, duration(since(node.dataset.since)));
    if (pulse) put(pulse, alive ? `Live${last ? `, last event ${ago(since(last * 1000))}` : ""}` : lost);
  };

  // One stream a page.
  const pulse = $("#pulse");
  let stream, timer, alive = false, last = 0, lost = "", tries = 0;
  const close = () => { clearTimeout(timer); if (stream) stream.close(); stream = null; };
  const open = () => {
    close();
    const log = $("#log[data-running=yes]");
    const more = location.search.slice(1) + (log ? `&log=${log.dataset.next}` : "");
    stream = new EventSource(`/events/stream?page=${encodeURIComponent(document.body.dataset.live)}&${more}`);
    stream.addEventListener("open", () => { alive = true; tries = 0; tick(); });
    stream.addEventListener("part", (event) => { const { part, html } = JSON.parse(event.data); swap(part, html); });
    stream.addEventListener("seen", (event) => {
      const seen = JSON.parse(event.data);
      ahead = seen.now * 1000 - Date.now(); last = seen.last; tick();
    });
    stream.addEventListener("log", (event) => { const { html, next } = JSON.parse(event.data); append(html, next); });
    stream.onerror = () => {
      if (alive) lost = `Reconnecting, data from ${new Date().toTimeString().slice(0, 8)}`;
      alive = false; close(); tick();
      timer = setTimeout(open, [1000, 2000, 5000][Math.min(tries++, 2)]);
    };
  };
  const swap = (name, html) => {
    if (name === "reload") return location.assign(html);
    if (name === "title") { document.title = html + document.title.slice(document.title.lastIndexOf(" – ")); return; }
    const node = document.getElementById(name);
    if (!node) return;
    const held = node.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const opened = new Map($$("details", node).map((one, nth) => [nth, one.open]));
    node.innerHTML = html;
    if (name !== "build_log") $$("details", node).forEach((one, nth) => { if (opened.has(nth)) one.open = opened.get(nth); });
    if (held) $(`a[href="${CSS.escape(held)}"]`, node)?.focus();
    if (name === "build_log") pick();
    ready(node); tick();
  };

  // The log of a running build: lines come below the last one; the page follows while its end is in sight.
  let follows = true;
  const append = (html, next) => {
    const log = $("#log"), end = $("#log-end");
    if (!log || !end) return;
    $(".empty", log)?.remove();
    end.insertAdjacentHTML("beforebegin", html);
    log.dataset.next = next;
    const lines = $$("#log > .l");
    if (lines.length > 3000) lines.slice(0, lines.length - 2500).forEach((line) => line.remove());
    if (follows && !getSelection().toString()) end.scrollIntoView({ block: "end" });
  };
  addEventListener("scroll", () => {
    const end = $("#log-end");
    if (end) follows = end.getBoundingClientRect().top < innerHeight + 60;
  }, { passive: true });
  const pick = () => { // #L46-L49 marks a range; a line that is not shown is asked for
    const [, from, to] = location.hash.match(/^#L(\d+)(?:-L?(\d+))?$/) || [];
    $$(".l.picked").forEach((line) => line.classList.remove("picked"));
    if (!from || !$("#log")) return;
    for (let n = +from; n <= Math.min(to || from, +from + 5000); n++) document.getElementById(`L${n}`)?.classList.add("picked");
    const line = document.getElementById(`L${from}`);
    const asked = `lines=${from}-${to || from}`;
    if (line) { line.closest("details:not([open])")?.setAttribute("open", ""); if (to) line.scrollIntoView({ block: "center" }); }
    else if (!location.search.includes(asked)) location.assign(`?${asked}${location.hash}`);
  };
  addEventListener("hashchange", pick);

  // Copy buttons.
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) {
      const code = $("code", button.parentNode);
      getSelection().selectAllChildren(code);
      (navigator.clipboard?.writeText(code.textContent) ?? Promise.resolve(document.execCommand("copy")))
        .then(() => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); });
    }
    if (event.target.closest(".follow")) follows = true;
  });

  // Keys.
  const step = (items, by) => {
    const at = items.indexOf(document.activeElement.closest(".row, tr, li, .l")?.querySelector("a[href]"));
    items[Math.min(Math.max(at + by, 0), items.length - 1)]?.focus();
  };
  const rows = () => $$(".row, .list tbody tr, .whys li").map((row) => $("a[href]", row)).filter(Boolean);
  const error = (by) => {
    const marked = $$("#log .cause, #log .error"), middle = innerHeight / 2;
    const beyond = marked.filter((line) => by * (line.getBoundingClientRect().top - middle) > 20);
    const line = by > 0 ? beyond[0] : beyond.at(-1);
    line?.closest("details")?.setAttribute("open", "");
    line?.scrollIntoView({ block: "center" });
  };
  const actions = {
    "/": () => $(".find input").focus(),
    j: () => step(rows(), 1), k: () => step(rows(), -1),
    r: () => { const button = $("[data-key=r]"); if (button && confirm("Build it again?")) button.click(); },
    f: () => { follows = true; $("#log-end")?.scrollIntoView({ block: "end" }); },
    e: () => error(1), E: () => error(-1),
    w: () => $("#log")?.classList.toggle("nowrap"),
    G: () => $("#log-end")?.scrollIntoView({ block: "end" }),
    "?": () => help(),
  };
  const off = () => localStorage.getItem("keys") === "off";
  let chord = 0;
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || (off() && event.key !== "?")) return;
    const chained = Date.now() - chord < 900;
    chord = 0;
    const link = chained && $(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) link.click();
    else if (chained && event.key === "g") scrollTo(0, 0);
    else if (event.key === "g") { chord = Date.now(); return; }
    else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  });
  const help = () => {
    const box = document.createElement("dialog");
    box.className = "keys";
    const told = { "/": "find a package", "g o": "overview", "g p": "packages", "g b": "builds", "g w": "builders", "g e": "events",
      "j k": "next, previous row", r: "retry", f: "follow the log", "e E": "next, previous error", w: "wrap", "g g, G": "top, end" };
    box.innerHTML = `<h2>Keys</h2><dl>${Object.entries(told).map(([key, what]) => `<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`).join("")}</dl>
      <form method="dialog"><label class="box"><input type="checkbox"${off() ? "" : " checked"}>Single keys do something</label><button class="button">Close</button></form>`;
    box.addEventListener("close", () => { localStorage.setItem("keys", $("input", box).checked ? "on" : "off"); box.remove(); });
    document.body.append(box);
    box.showModal();
  };

  const ready = (root) => { for (const node of $$(".follow, .keys-hint", root)) node.hidden = false; };
  ready(document); pick();
  setInterval(() => { if (!document.hidden) tick(); }, 1000);
  if (document.body.dataset.live) {
    open();
    // A page nobody looks at costs nothing.
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
  }
})();
