'use strict';
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read('data');
  const number = new Intl.NumberFormat('en-US');
  // Text from logs only ever becomes text nodes, never markup.
  const make = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === 'onclick') node.addEventListener('click', value);
      else if (value !== null && value !== undefined) node.setAttribute(key, value);
    }
    for (const child of children) {
      if (child !== null && child !== undefined) node.append(child);
    }
    return node;
  };

  const chunks = new Map();
  const part = (name, size, n) => {
    const id = name + Math.floor(n / size);
    if (!chunks.has(id)) chunks.set(id, read(id));
    return chunks.get(id)[n % size];
  };
  const details = (n) => part('details-', data.chunk, n);

  const fields = (pairs) => {
    const list = make('dl', { class: 'fields' });
    for (const [name, value] of pairs) {
      const text = Array.isArray(value) ? value.join('\n') : String(value);
      list.append(make('dt', {}, name), make('dd', {}, text));
    }
    return list;
  };

  const detail = (n) => {
    const own = details(n);
    const box = make('div', {});
    const detection = data.detections[data.findings[n][0]];
    box.append(make('h3', {}, 'Annotations'), fields(detection.annotations));
    if (own.risk.length) box.append(make('h3', {}, 'Risk'));
    for (const risk of own.risk) box.append(fields(risk));
    box.append(make('h3', {}, 'Result'), fields(own.fields));
    if (own.events) {
      const more = own.left ? ', of which ' + number.format(own.events.length) + ' are shown' : '';
      box.append(make('h3', {}, 'Matching events (' + number.format(own.events.length + own.left) + more + ')'));
      if (own.note) box.append(make('p', {}, own.note));
      for (const [number, matched] of own.events) {
        const event = part('events-', data.events, number);
        const met = matched.length ? [['matched', matched]] : [];
        box.append(make('details', {}, make('summary', {}, event.title), fields(met.concat(event.fields))));
      }
    }
    return box;
  };

  // A table that shows a page of its rows: sorted by its heads, filtered by its search field.
  const table = (id, columns, count, cell, options) => {
    const place = document.getElementById(id);
    const state = { sort: options.sort, down: options.down || false, words: '', pick: null, page: 0, order: [] };
    const texts = new Array(count);
    const text = (row) => {
      if (texts[row] === undefined) {
        texts[row] = columns.map((_, c) => cell(row, c)).join('\n').toLowerCase();
      }
      return texts[row];
    };
    const input = make('input', { type: 'search', id: id + '-filter', autocomplete: 'off' });
    const label = make('label', { for: id + '-filter' }, 'Filter');
    const status = make('span', { role: 'status', id: id + '-status' });
    const back = make('button', { type: 'button', onclick: () => turn(-1) }, 'Back');
    const next = make('button', { type: 'button', onclick: () => turn(1) }, 'Next');
    const clear = make('button', { type: 'button', hidden: '', onclick: () => pick(null) }, 'All techniques');
    const head = make('tr', {});
    const body = make('tbody', {});
    const heads = columns.map((column, c) => {
      const button = make('button', { type: 'button', onclick: () => sort(c) }, column.name);
      const th = make('th', { scope: 'col', class: column.kind || null, 'data-name': column.name }, button);
      head.append(th);
      return th;
    });
    if (options.detail) head.append(make('th', { scope: 'col', class: 'details' }, 'Details'));
    place.append(
      make('div', { class: 'tools' }, label, input, back, next, clear, status),
      make('div', { class: 'wide' }, make('table', {}, make('caption', {}, options.caption), make('thead', {}, head), body)));

    const compare = (a, b) => {
      const c = state.sort;
      const key = columns[c].key || ((row) => cell(row, c));
      const [x, y] = [key(a), key(b)];
      const by = typeof x === 'number' ? x - y : x < y ? -1 : x > y ? 1 : 0;
      return (state.down ? -by : by) || a - b;
    };
    const choose = () => {
      const words = state.words.toLowerCase().split(/\s+/).filter((w) => w);
      state.order = [];
      for (let row = 0; row < count; row += 1) {
        if (state.pick && !state.pick(row)) continue;
        if (words.length === 0 || words.every((w) => text(row).includes(w))) state.order.push(row);
      }
      state.order.sort(compare);
      state.page = 0;
      show();
    };
    const show = () => {
      const from = state.page * data.page;
      const rows = state.order.slice(from, from + data.page);
      body.replaceChildren(...rows.map(line));
      heads.forEach((th, c) => {
        const value = state.down ? 'descending' : 'ascending';
        th.setAttribute('aria-sort', c === state.sort ? value : 'none');
      });
      const shown = rows.length ? number.format(from + 1) + '–' + number.format(from + rows.length) : '0';
      status.textContent = shown + ' of ' + number.format(state.order.length)
        + (state.order.length < count ? ' (' + number.format(count) + ' in all)' : '');
      back.disabled = state.page === 0;
      next.disabled = from + rows.length >= state.order.length;
    };
    const line = (row) => {
      const tr = make('tr', { 'data-row': row });
      columns.forEach((column, c) => {
        tr.append(make('td', { class: column.kind || null }, column.kind === 'n' ? number.format(cell(row, c)) : cell(row, c)));
      });
      if (options.detail) {
        const button = make('button', { type: 'button', 'aria-expanded': 'false', onclick: () => open(tr, button, row) }, 'Show');
        tr.append(make('td', {}, button));
      }
      return tr;
    };
    const open = (tr, button, row) => {
      if (button.getAttribute('aria-expanded') === 'true') {
        tr.nextSibling.remove();
        button.setAttribute('aria-expanded', 'false');
        button.textContent = 'Show';
        return;
      }
      tr.after(make('tr', { class: 'detail' }, make('td', { colspan: columns.length + 1 }, options.detail(row))));
      button.setAttribute('aria-expanded', 'true');
      button.textContent = 'Hide';
    };
    const sort = (c) => {
      state.down = state.sort === c ? !state.down : columns[c].kind === 'n';
      state.sort = c;
      state.order.sort(compare);
      state.page = 0;
      show();
    };
    const turn = (by) => { state.page += by; show(); };
    const pick = (test, name) => {
      state.pick = test;
      clear.hidden = test === null;
      clear.textContent = test === null ? '' : 'Only ' + name + '; show all';
      choose();
    };
    let waiting = 0;
    input.addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { state.words = input.value; choose(); }, 120);
    });
    choose();
    return { pick };
  };

  const F = data.findings;
  const D = data.detections;
  const objects = (f) => f[4].map((o) => data.objects[o]).join(', ');
  const findings = table('findings', [
    { name: 'Time', kind: 't', key: (row) => F[row][1] },
    { name: 'Detection' },
    { name: 'Score', kind: 'n', key: (row) => F[row][3] },
    { name: 'Risk objects' },
    { name: 'Techniques' },
    { name: 'Message' },
  ], F.length, (row, c) => {
    const f = F[row];
    switch (c) {
      case 0: return f[2];
      case 1: return D[f[0]].name;
      case 2: return f[3];
      case 3: return objects(f);
      case 4: return D[f[0]].techniques.join(', ');
      default: return f[5];
    }
  }, { sort: 0, caption: 'Findings', detail });
  const plain = (id, columns, rows, options) => {
    if (rows.length) table(id, columns, rows.length, (row, c) => rows[row][c], options);
  };
  const n = (name, rows, c) => ({ name, kind: 'n', key: (row) => rows[row][c] });
  plain('entities', [
    { name: 'Object' }, { name: 'Type', kind: 't' }, n('Risk', data.entities, 2), n('Risk events', data.entities, 3),
    n('Detections', data.entities, 4), { name: 'First', kind: 't' }, { name: 'Last', kind: 't' },
  ], data.entities, { sort: 2, down: true, caption: 'Risk objects' });
  plain('detections', [
    { name: 'Detection' }, { name: 'Type', kind: 't' }, n('Findings', data.sums, 2), n('Risk', data.sums, 3),
    { name: 'Techniques' }, { name: 'Tactics' },
  ], data.sums, { sort: 3, down: true, caption: 'Detections with findings' });
  plain('notables', [
    { name: 'Time', kind: 't' }, { name: 'Object' }, { name: 'Rule' }, { name: 'Severity', kind: 't' },
    n('Risk', data.notables, 4), { name: 'Detections' },
  ], data.notables, { sort: 0, caption: 'Risk notables' });
  plain('suppressed', [
    { name: 'Time', kind: 't' }, { name: 'Detection' }, { name: 'Message' }, { name: 'Reason' }, { name: 'Entry' },
  ], data.suppressed, { sort: 0, caption: 'Suppressed findings' });
  plain('left-out', [
    { name: 'Detection' }, { name: 'Why', kind: 't' }, { name: 'Reason' },
  ], data.leftOut, { sort: 1, caption: 'Detections that did not run, or without their baseline' });

  for (const button of document.querySelectorAll('[data-technique]')) {
    const id = button.getAttribute('data-technique');
    button.addEventListener('click', () => {
      findings.pick((row) => D[F[row][0]].techniques.includes(id), id);
      document.getElementById('findings-head').scrollIntoView();
    });
  }
  document.documentElement.setAttribute('data-ready', String(F.length));
})();
