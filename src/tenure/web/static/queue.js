// Keys for the queue, and for going through members to call. Every one of them presses something that is on the page,
// so that all works without this file.
(() => {
  const keysAreOff = document.body.dataset.keys === "off";
  const list = document.getElementById("bulk");
  const picked = document.getElementById("picked");
  const button = list?.querySelector(".bulk button");

  const ticks = () => [...document.querySelectorAll("input[name=pick]:checked")];
  const count = () => {
    if (!picked || !button) return;
    const n = ticks().length;
    picked.textContent = `${n} selected`;
    button.firstChild.textContent = n ? `Approve ${n} draft${n === 1 ? "" : "s"}…` : "Approve selected…";
  };
  const follow = (link) => {
    // What is ticked stays ticked on the next page: it is part of the address.
    const to = new URL(link.href);
    if (to.pathname === location.pathname) for (const tick of ticks()) to.searchParams.append("pick", tick.value);
    location.assign(to);
  };

  list?.addEventListener("change", count);
  count();
  const first = document.getElementById("trouble") || (location.search.includes("done=") && document.getElementById("draft-h"));
  if (first) first.focus({ preventScroll: true });

  document.addEventListener("keydown", (event) => {
    if (keysAreOff || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    if (event.key === "?") return; // on every page, by tenure.js
    if (event.key === "Enter" && event.target.closest("a, button, input, summary")) return;
    if (event.key === "x") {
      const tick = document.querySelector(".triage-list li.open input[name=pick]");
      if (tick) tick.click();
      return;
    }
    const named = CSS.escape(event.key);
    const thing = document.querySelector(`[data-key="${named}"]:not([disabled])`);
    if (!thing) return;
    event.preventDefault();
    if (thing.matches("a")) follow(thing);
    else thing.form.requestSubmit(thing);
  });

  // A clause and its record light each other up; who listens hears the record with the clause in any case.
  const light = (event) => {
    const one = event.type === "focusout" ? null : event.target.closest?.(".cite, .clauses li[id]");
    const id = one && (one.getAttribute("aria-describedby") || one.id);
    document.querySelectorAll(".lit").forEach((former) => former.classList.remove("lit"));
    if (id) document.querySelectorAll(`#${id}, .cite[aria-describedby="${id}"]`).forEach((part) => part.classList.add("lit"));
  };
  for (const kind of ["mouseover", "focusin", "focusout"]) document.addEventListener(kind, light);

  // One click is one send: a form that is on its way is not sent again.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
})();
