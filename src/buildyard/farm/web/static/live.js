// Keeps a page live; every page is whole without it.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id), TAIL = "#log[data-running=yes]";
  document.documentElement.classList.add("js");

  // Times, in the server's words (builds/words.py) and by its clock.
  const { floor } = Math, { dataset } = document.body;
  let ahead = dataset.now * 1e3 - Date.now();
  const since = (at) => Math.max(0, floor((Date.now() + ahead - new Date(at)) / 1000));
  const pair = (s, big, b, small, pad) => `${floor(s / big)} ${b} ${String(floor(s % big / small)).padStart(pad, "0")} `;
  const duration = (s) => s < 60 ? `${s} s` : s < 3600 ? pair(s, 60, "m", 1, 2) + "s"
    : s < 86400 ? pair(s, 3600, "h", 60, 2) + "m" : pair(s, 86400, "d", 3600) + "h";
  const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [2592e3, 86400, "d"], [7257600, 604800, "w"],
    [63072e3, 2630016, "mo"], [1 / 0, 31557600, "y"]];
  const ago = (s) => {
    const [, length, unit] = UNITS.find(([limit]) => s < limit);
    return s < 1 ? "now" : `${floor(s / length)} ${unit} ago`;
  };
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const tick = () => {
    for (const node of $$("time[datetime]")) put(node, ago(since(node.dateTime)));
    for (const node of $$("[data-since]")) put(node, duration(since(node.dataset.since)));
    put(byId("pulse"), alive ? "Live" + (last ? `, last event ${ago(since(last * 1e3))}` : "") : lost);
  };

  // One stream a page; lost, it is opened again after 1, 2, 5 s.
  let stream, timer, alive = false, last = 0, lost = "", tries = 0;
  const close = () => { clearTimeout(timer); stream?.close(); };
  const open = () => {
    close();
    const log = $(TAIL);
    stream = new EventSource(`/events/stream?page=${encodeURIComponent(dataset.live)}`
      + (log ? `&log=${log.dataset.next}` : "") + location.search.replace("?", "&"));
    const on = (name, then) => stream.addEventListener(name, (event) => then(event.data && JSON.parse(event.data)));
    on("open", () => { alive = true; tries = 0; tick(); });
    on("seen", (seen) => { ahead = seen.now * 1e3 - Date.now(); last = seen.last; tick(); });
    on("part", ({ part, html }) => swap(part, html));
    on("log", append);
    on("error", () => {
      if (alive) lost = `Reconnecting, data from ${new Date().toTimeString().slice(0, 8)}`;
      alive = false; close(); tick();
      timer = setTimeout(open, [1e3, 2e3, 5e3][Math.min(tries++, 2)]);
    });
  };
  const swap = (name, html) => {
    if (name === "reload") return location.assign(html);
    if (name === "title") { document.title = html + document.title.slice(document.title.lastIndexOf(" – ")); return; }
    const node = byId(name);
    if (!node) return;
    const held = node.contains(document.activeElement) && document.activeElement.getAttribute("href");
    node.innerHTML = html;
    if (held) $(`a[href="${CSS.escape(held)}"]`, node)?.focus();
    show(); tick();
  };

  // A running build’s log: lines come below the last; the page follows while its end is in sight.
  let follows = true, said = 0;
  const end = () => { const log = $(TAIL); if (log) log.scrollTop = 1e9; else byId("log-end")?.scrollIntoView(false); };
  const append = ({ html, next }) => {
    const log = byId("log");
    $(".empty", log)?.remove();
    byId("log-end").insertAdjacentHTML("beforebegin", html);
    log.dataset.next = next;
    for (const line of $$("#log > .l").slice(0, -2500)) line.remove();
    if (follows && !`${getSelection()}`) end();
    if (Date.now() - said > 5e3) { said = Date.now(); put(byId("said"), $$("#log > .l code").at(-1).textContent); }
  };
  addEventListener("scroll", ({ target }) => {
    if (target.id === "log") follows = target.scrollTop + target.clientHeight > target.scrollHeight - 60;
  }, { passive: true, capture: true });
  const pick = () => { // #L46-L49 marks a range; a line that is folded away is asked for
    const [, from, to = from] = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash) || [];
    for (const line of $$(".picked")) line.classList.remove("picked");
    if (!from || !byId("log")) return;
    for (let n = +from; n <= Math.min(to, +from + 5e3); n++) byId(`L${n}`)?.classList.add("picked");
    const line = byId(`L${from}`);
    if (line) reveal(line);
    else if (!location.search.includes("lines=")) location.assign(`?lines=${from}-${to}${location.hash}`);
  };
  const reveal = (line) => {
    if (line?.closest("details")) line.closest("details").open = true;
    line?.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", pick);

  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".copy");
    if (target.closest(".follow")) follows = true;
    if (!button) return;
    getSelection().selectAllChildren($("code", button.parentNode));
    document.execCommand("copy"); // works on plain HTTP
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // Keys.
  const step = (by) => {
    const rows = $$(".row, .list tbody tr, .whys li").filter((row) => $("a[href]", row));
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    $("a[href]", rows[Math.min(Math.max(at + by, 0), rows.length - 1)])?.focus();
  };
  const error = (by) => {
    const beyond = $$("#log .cause, #log .error").filter((line) => by * (line.getBoundingClientRect().top - innerHeight / 2) > 20);
    reveal(by > 0 ? beyond[0] : beyond.at(-1));
  };
  const KEYS = {
    "/": ["find a package", () => $(".find input").focus()],
    j: ["next row", () => step(1)], k: ["previous row", () => step(-1)],
    r: ["retry", () => { const button = $("[data-key=r]"); if (button && confirm("Build it again?")) button.click(); }],
    f: ["follow the log", () => { follows = true; end(); }],
    e: ["next error", () => error(1)], E: ["previous error", () => error(-1)],
    w: ["wrap lines", () => byId("log")?.classList.toggle("nowrap")],
    G: ["end of the log", () => end()], "?": ["these keys", () => help()],
  };
  const off = () => localStorage.keys_off === "yes";
  let chord = 0;
  addEventListener("keydown", (event) => {
    const { key } = event, chained = Date.now() - chord < 900;
    if (event.target.closest("input, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey || (off() && key !== "?")) return;
    chord = 0;
    const link = chained && $(`[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    else if (chained && key === "g") scrollTo(0, 0);
    else if (key === "g") { chord = Date.now(); return; }
    else if (KEYS[key]) KEYS[key][1]();
    else return;
    event.preventDefault();
  });
  const help = () => {
    const box = document.createElement("dialog");
    const told = [...Object.entries(KEYS).map(([key, [what]]) => [key, what]),
      ["g g", "top"], ...$$("[data-go]").map((link) => [`g ${link.dataset.go}`, link.textContent])];
    box.className = "keys";
    box.innerHTML = `<h2>Keys</h2><dl>${told.map(([key, what]) => `<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`).join("")}</dl>
<form method="dialog"><label class="box"><input type="checkbox"${off() ? "" : " checked"}>Single keys work</label><button class="button">Close</button></form>`;
    box.addEventListener("close", () => { localStorage.keys_off = $("input", box).checked ? "" : "yes"; box.remove(); });
    document.body.append(box);
    box.showModal();
  };

  const show = () => { for (const node of $$(".follow, .keys-hint")) node.hidden = false; };
  show(); pick(); tick();
  if ($(TAIL) && !location.hash) end();
  setInterval(() => document.hidden || tick(), 1e3);
  if (dataset.live) {
    open();
    document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
    addEventListener("pagehide", close);
  }
})();
