"use strict";
// Sorts and filters the table of items; opens all that is closed for paper. Without this script
// the page shows the same. No "less than" and no ampersand: see page_parts.h.
(() => {
  const by_id = (id) => document.getElementById(id);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });

  const stale = by_id("stale");
  const look_at_age = () => {
    const age = Date.now() / 1000 - Number(stale.dataset.written);
    const expected = Number(stale.dataset.expect);
    stale.hidden = expected === 0 || expected >= age;
  };
  look_at_age();
  setInterval(look_at_age, 60000);

  const table = by_id("items");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const columns = { kind: 1, path: 2, why: 8 };
  const in_order = new Intl.Collator("en", { numeric: true }).compare;

  // Read once: five thousand rows have many cells.
  const keys = heads.map(() => null);
  const keys_of = (column) => {
    if (!keys[column]) {
      keys[column] = new Map(rows.map((row) => {
        const cell = row.cells[column];
        const number = cell.dataset.v;
        return [row, number === undefined ? cell.textContent : Number(number)];
      }));
    }
    return keys[column];
  };

  const sort_by = (column, direction) => {
    const key = keys_of(column);
    const is_number = typeof key.get(rows[0]) === "number";
    const compare = is_number ? (a, b) => a - b : in_order;
    const sign = direction === "ascending" ? 1 : -1;
    // Always from the first order: equal ones stay in it.
    const sorted = [...rows].sort((a, b) => sign * compare(key.get(a), key.get(b)));
    const all = document.createDocumentFragment();
    for (const row of sorted) all.append(row);
    body.append(all);
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", direction);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // First the largest and the oldest, and text from A to Z.
      const is_number = typeof keys_of(column).get(rows[0]) === "number";
      const first = is_number ? "descending" : "ascending";
      const second = is_number ? "ascending" : "descending";
      sort_by(column, head.getAttribute("aria-sort") === first ? second : first);
    });
  });
  heads[0].setAttribute("aria-sort", "descending");

  const text = by_id("filter-text");
  const state = by_id("filter-state");
  const kind = by_id("filter-kind");
  const count = by_id("filter-count");
  let searched = null;
  const text_of = (row) => {
    searched ??= new Map(rows.map((each) => [each,
      [columns.kind, columns.path, columns.why]
        .map((column) => each.cells[column].textContent).join("\n").toLowerCase()]));
    return searched.get(row);
  };

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const is_out = [
        () => state.value !== "" ? row.dataset.state !== state.value : false,
        () => kind.value !== "" ? row.cells[columns.kind].textContent !== kind.value : false,
        () => !words.every((word) => text_of(row).includes(word)),
      ].some((test) => test());
      if (row.hidden !== is_out) row.hidden = is_out;
      if (!is_out) ++shown;
    }
    count.textContent = shown === 0 ? "No item is like that." : `${shown} of ${rows.length} shown`;
  };
  for (const each of [text, state, kind]) {
    each.addEventListener("input", filter);
    each.addEventListener("change", filter);
  }
  by_id("filters").hidden = false;
  // A browser that comes back to the page may have kept what was chosen.
  filter();
  addEventListener("pageshow", filter);
})();
