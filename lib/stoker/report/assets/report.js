// Fills the parts of a report that the page's data describe: charts, matrix, diagrams; and makes
// its tables sort.
'use strict';
(() => {
  const {html, svg, set, button, format, plain, ticksOf, Group, LineChart, showTip, hideTip,
         COLORS, AXES} = Charts;
  const data = JSON.parse(document.getElementById('data').textContent);
  const part = (id) => document.getElementById(id);

  // Lines. -----------------------------------------------------------------------------------

  function lineCharts(host) {
    const group = new Group();
    const several = group.several = data.runs.length > 1;
    const bar = html('div', {class: 'toolbar', role: 'toolbar', 'aria-label': 'Charts'});
    host.append(bar);
    const grid = html('div', {class: 'charts'});
    host.append(grid);
    for (const panel of data.panels) {
      const series = [];
      data.runs.forEach((run, r) => panel.keys.forEach((key, k) => {
        const points = run.series[key.key];
        if (!points || !points.x.length) return;
        const name = several ? (panel.keys.length > 1 ? `${run.label} ${key.name}` : run.label)
            : key.name;
        series.push({name, run: r, axes: run.axes, x: points.x, y: points.y,
                     color: several ? r : k, dash: several && k > 0});
      }));
      if (!series.length) continue;
      const events = panel.events ? data.runs.flatMap((run, r) => (run.events || []).map((event) =>
        ({...event, run: r, axes: run.axes,
          text: several ? `${run.label}: ${event.text}` : event.text}))) : [];
      new LineChart(grid, group, {...panel, series, events});
    }
    if (!group.charts.length) { host.replaceChildren(html('p', {class: 'none'}, 'No figures were logged.')); return; }
    const choose = html('select', {'aria-label': 'Horizontal axis'},
        ...Object.entries(AXES).map(([value, name]) => html('option', {value}, name)));
    choose.addEventListener('change', () => group.set({axis: choose.value, range: null, at: null}));
    const amount = html('input', {type: 'range', min: 0, max: 100, value: 0,
                                  'aria-label': 'Smoothing'});
    amount.addEventListener('input', () =>
      group.set({smoothing: amount.value > 0 ? 0.002 * 50 ** (amount.value / 100) : 0}));
    bar.append(html('label', {}, 'over ', choose), html('label', {}, 'smooth ', amount),
               button('whole range', () => group.set({range: null})),
               html('span', {class: 'hint'}, 'drag to zoom, double click for the whole'));
    if (several) {
      const list = html('div', {class: 'runs', role: 'group', 'aria-label': 'Runs that are shown'});
      data.runs.forEach((run, r) => {
        const box = html('input', {type: 'checkbox', checked: ''});
        box.addEventListener('change', () => {
          group.hidden[box.checked ? 'delete' : 'add'](r);
          group.draw();
        });
        list.append(html('label', {class: `key c${r % COLORS}`}, box, html('i', {}), run.label));
      });
      bar.append(list);
    }
    group.draw();
    data.group = group;
  }

  // Tables that sort. ------------------------------------------------------------------------

  function sortable(table) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      if (cell.dataset.sort === 'no') return;
      const label = cell.textContent;
      cell.replaceChildren(button(label, () => {
        const up = cell.getAttribute('aria-sort') !== (cell.dataset.first || 'ascending');
        const order = up ? (cell.dataset.first || 'ascending')
            : (cell.dataset.first === 'descending' ? 'ascending' : 'descending');
        for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
        cell.setAttribute('aria-sort', order);
        const sign = order === 'ascending' ? 1 : -1;
        const key = (row) => {
          const value = row.cells[column].dataset.v ?? row.cells[column].textContent;
          return value === '' ? null : Number.isNaN(Number(value)) ? value : Number(value);
        };
        const rows = [...body.rows].map((row) => [key(row), row]);
        rows.sort(([a], [b]) => a === null ? (b === null ? 0 : 1) : b === null ? -1
            : sign * (typeof a === 'number' && typeof b === 'number' ? a - b
                : String(a).localeCompare(String(b), 'en', {numeric: true})));
        body.append(...rows.map(([, row]) => row));
      }));
    });
  }

  // The confusion matrix. --------------------------------------------------------------------

  // Classes that are mistaken for each other beside each other: each time the one nearest to the
  // last one, by mistakes in both directions.
  function bySimilarity(count, cells) {
    const near = Array.from({length: count}, () => new Map());
    for (const [t, p, n] of cells) {
      if (t === p) continue;
      near[t].set(p, (near[t].get(p) || 0) + n);
      near[p].set(t, (near[p].get(t) || 0) + n);
    }
    const total = near.map((map) => [...map.values()].reduce((a, b) => a + b, 0));
    const left = new Set(Array.from({length: count}, (_, i) => i));
    const most = () => [...left].reduce((a, b) => (total[b] > total[a] ? b : a));
    const order = [];
    for (let next = most(); left.size;) {
      order.push(next);
      left.delete(next);
      if (!left.size) break;
      const candidates = [...near[next]].filter(([c]) => left.has(c)).sort((a, b) => b[1] - a[1]);
      next = candidates.length ? candidates[0][0] : most();
    }
    return order;
  }

  function confusion(host, {classes, cells}) {
    const n = classes.length;
    const images = new Array(n).fill(0), hits = new Array(n).fill(0);
    const table = new Map();
    for (const [t, p, count] of cells) {
      images[t] += count;
      if (t === p) hits[t] = count;
      table.set(t * n + p, count);
    }
    const all = Array.from({length: n}, (_, i) => i);
    const recall = (i) => (images[i] ? hits[i] / images[i] : 2);
    const orders = {
      'as in the data set': () => all,
      'by name': () => [...all].sort((a, b) => classes[a].localeCompare(classes[b], 'en', {numeric: true})),
      'worst first': () => [...all].sort((a, b) => recall(a) - recall(b)),
      'by similarity': () => bySimilarity(n, cells),
    };
    let order = all, focus = null;
    const choose = html('select', {'aria-label': 'Order of classes'},
        ...Object.keys(orders).map((name) => html('option', {}, name)));
    const canvas = html('canvas', {tabindex: 0, role: 'img', class: 'matrix',
        'aria-label': `Confusion matrix of ${n} classes; arrow keys read its cells. ` +
                      'The worst pairs are in the table below.'});
    const heard = html('p', {class: 'heard', 'aria-live': 'polite'});
    host.append(html('div', {class: 'toolbar'}, html('label', {}, 'order ', choose),
        html('span', {class: 'hint'}, 'rows: labels, columns: predictions, shade: share of the row')),
        canvas, heard);
    const style = () => getComputedStyle(document.documentElement);
    let layout = null;
    function draw() {
      const width = Math.min(host.clientWidth, 860), ratio = Math.max(devicePixelRatio || 1, 2);
      const longest = Math.min(Math.max(...classes.map((name) => name.length)), 18);
      const labels = n <= 60;
      const margin = labels ? Math.min(longest * 6.6 + 10, width * 0.3) : 8;
      const cell = Math.min((width - margin - 2) / n, 44);
      const size = cell * n, height = margin + size + 2;
      layout = {cell, margin};
      set(canvas, {width: Math.round((margin + size + 2) * ratio), height: Math.round(height * ratio)});
      canvas.style.width = `${margin + size + 2}px`;
      canvas.style.height = `${height}px`;
      const pen = canvas.getContext('2d');
      pen.scale(ratio, ratio);
      const color = (name) => style().getPropertyValue(name).trim();
      const ink = color('--ink'), good = color('--c0'), bad = color('--c1');
      pen.fillStyle = color('--sunk');
      pen.fillRect(margin, margin, size, size);
      const at = new Array(n);
      order.forEach((c, i) => { at[c] = i; });
      pen.font = `${Math.min(12, cell * 0.42)}px system-ui, sans-serif`;
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      const gap = cell > 6 ? 1 : 0;
      for (const [t, p, count] of cells) {
        const x = margin + at[p] * cell, y = margin + at[t] * cell;
        const share = count / (images[t] || 1);
        pen.globalAlpha = 0.12 + 0.88 * Math.sqrt(share);
        pen.fillStyle = t === p ? good : bad;
        pen.fillRect(x, y, Math.max(cell - gap, 1), Math.max(cell - gap, 1));
        pen.globalAlpha = 1;
        if (cell >= 22) {
          pen.fillStyle = share > 0.45 ? color('--on-color') : ink;
          pen.fillText(String(count), x + cell / 2, y + cell / 2);
        }
      }
      if (labels) {
        pen.fillStyle = color('--muted');
        pen.font = `${Math.min(12, Math.max(cell * 0.8, 7))}px system-ui, sans-serif`;
        const cut = (name) => (name.length > longest ? name.slice(0, longest - 1) + '…' : name);
        order.forEach((c, i) => {
          pen.textAlign = 'right';
          pen.fillText(cut(classes[c]), margin - 5, margin + (i + 0.5) * cell, margin - 6);
          pen.save();
          pen.translate(margin + (i + 0.5) * cell, margin - 5);
          pen.rotate(-Math.PI / 2);
          pen.textAlign = 'left';
          pen.fillText(cut(classes[c]), 0, 0, margin - 6);
          pen.restore();
        });
      }
      if (focus) {
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.strokeRect(margin + focus.column * cell, margin + focus.row * cell, cell - gap, cell - gap);
      }
    }
    function words(row, column) {
      const t = order[row], p = order[column], count = table.get(t * n + p) || 0;
      const share = images[t] ? ` (${format(count / images[t], 'share')})` : '';
      return t === p ? `${classes[t]}: ${plain(count)} of ${plain(images[t])} right${share}`
          : `${classes[t]} taken for ${classes[p]}: ${plain(count)} of ${plain(images[t])}${share}`;
    }
    canvas.addEventListener('pointermove', (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left - layout.margin) / layout.cell);
      const row = Math.floor((event.clientY - box.top - layout.margin) / layout.cell);
      if (row < 0 || column < 0 || row >= n || column >= n) { hideTip(); return; }
      showTip(event.clientX, event.clientY, html('span', {}, words(row, column)));
    });
    canvas.addEventListener('pointerleave', hideTip);
    canvas.addEventListener('blur', () => { focus = null; hideTip(); draw(); });
    canvas.addEventListener('keydown', (event) => {
      const move = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
      if (!move) return;
      event.preventDefault();
      const clamp = (value) => Math.min(Math.max(value, 0), n - 1);
      focus = focus ? {row: clamp(focus.row + move[0]), column: clamp(focus.column + move[1])}
          : {row: 0, column: 0};
      heard.textContent = words(focus.row, focus.column);
      draw();
      const box = canvas.getBoundingClientRect();
      showTip(box.left + layout.margin + (focus.column + 1) * layout.cell,
              box.top + layout.margin + focus.row * layout.cell, html('span', {}, heard.textContent));
    });
    choose.addEventListener('change', () => { order = orders[choose.value](); focus = null; draw(); });
    new ResizeObserver(draw).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    for (const moment of ['beforeprint', 'afterprint']) addEventListener(moment, draw);
  }

  // Calibration. -----------------------------------------------------------------------------

  function calibration(host, bins) {
    const total = bins.reduce((sum, bin) => sum + bin[0], 0);
    const draw = () => {
      const width = Math.min(host.clientWidth, 460), size = width - 60, low = 70;
      const height = 14 + size * 0.8 + low + 30, bottom = 14 + size * 0.8;
      const px = (x) => 46 + x * size, py = (y) => bottom - y * size * 0.8;
      const area = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
          'aria-label': 'Calibration: ' + bins.filter((bin) => bin[0] > 0).map(([count, confidence, accuracy]) =>
            `confidence ${format(confidence, 'share')}, right ${format(accuracy, 'share')}, ${count} images`).join('; ')});
      for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
        area.append(svg('line', {class: 'grid', x1: px(0), x2: px(1), y1: py(tick), y2: py(tick)}),
            svg('text', {class: 'tick', x: px(0) - 6, y: py(tick) + 4, 'text-anchor': 'end'}, format(tick, 'share')),
            svg('text', {class: 'tick', x: px(tick), y: height - 14, 'text-anchor': 'middle'}, format(tick, 'share')));
      }
      const most = Math.max(...bins.map((bin) => bin[0]), 1);
      bins.forEach(([count, confidence, accuracy], b) => {
        if (!count) return;
        const left = px(b / bins.length) + 1, wide = size / bins.length - 2;
        const words = `${format(confidence, 'share')} sure on average, ${format(accuracy, 'share')} right: ` +
            `${plain(count)} images (${format(count / total, 'share')})`;
        const bar = svg('rect', {class: 'bar', x: left, width: wide, y: py(accuracy), height: py(0) - py(accuracy)});
        const off = svg('rect', {class: 'gap', x: left, width: wide, y: py(Math.max(accuracy, confidence)),
                                 height: Math.max(Math.abs(py(accuracy) - py(confidence)), 1)});
        const share = svg('rect', {class: 'count', x: left, width: wide, y: bottom + 12,
                                   height: Math.max((low - 14) * count / most, 1)});
        for (const node of [bar, off, share]) {
          node.addEventListener('pointermove', (e) => showTip(e.clientX, e.clientY, html('span', {}, words)));
          node.addEventListener('pointerleave', hideTip);
          area.append(node);
        }
      });
      area.append(svg('line', {class: 'ideal', x1: px(0), y1: py(0), x2: px(1), y2: py(1)}));
      host.replaceChildren(area);
    };
    draw();
    new ResizeObserver(draw).observe(host);
  }

  // Sweeps. ----------------------------------------------------------------------------------

  function pickRow(setting) {
    for (const row of document.querySelectorAll('[data-setting]'))
      row.classList.toggle('picked', row.dataset.setting === String(setting));
  }
  const settingWords = (setting) => [html('strong', {}, setting.name),
    html('div', {}, `${data.sweep.metric} ${format(setting.metric, data.sweep.unit)}` +
         (setting.deviation !== null ? ` ± ${format(setting.deviation, data.sweep.unit)}` : '')),
    html('div', {}, setting.time_s !== null ? `${format(setting.time_s, 's')} of training` : '')];

  function pareto(host) {
    const {settings, metric, unit} = data.sweep;
    const shown = settings.filter((s) => s.time_s !== null);
    if (!shown.length) { host.append(html('p', {class: 'none'}, 'No trial has been measured yet.')); return; }
    const draw = () => {
      const width = Math.max(host.clientWidth, 260), height = 340;
      const inner = {left: 66, right: width - 16, top: 14, bottom: height - 44};
      const range = (values) => {
        const low = Math.min(...values), high = Math.max(...values), pad = (high - low || Math.abs(high) || 1) * 0.08;
        return [low - pad, high + pad];
      };
      const [x0, x1] = range(shown.map((s) => s.time_s)), [y0, y1] = range(shown.map((s) => s.metric));
      const px = (x) => inner.left + (x - x0) / (x1 - x0) * (inner.right - inner.left);
      const py = (y) => inner.bottom - (y - y0) / (y1 - y0) * (inner.bottom - inner.top);
      const area = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
          'aria-label': `${metric} over training time of ${shown.length} settings; the table below has them all.`});
      for (const tick of ticksOf(y0, y1, 6))
        area.append(svg('line', {class: 'grid', x1: inner.left, x2: inner.right, y1: py(tick), y2: py(tick)}),
            svg('text', {class: 'tick', x: inner.left - 6, y: py(tick) + 4, 'text-anchor': 'end'}, format(tick, unit)));
      for (const tick of ticksOf(x0, x1, width / 120))
        area.append(svg('text', {class: 'tick', x: px(tick), y: inner.bottom + 18, 'text-anchor': 'middle'}, format(tick, 's')));
      area.append(svg('text', {class: 'tick', x: (inner.left + inner.right) / 2, y: height - 6, 'text-anchor': 'middle'}, 'training time'),
                  svg('text', {class: 'tick', x: 4, y: 11}, metric));
      const front = shown.filter((s) => s.front).sort((a, b) => a.time_s - b.time_s);
      area.append(svg('path', {class: 'line c0', d: front.map((s, i) =>
        `${i ? 'L' : 'M'}${px(s.time_s).toFixed(1)} ${py(s.metric).toFixed(1)}`).join('')}));
      for (const s of shown) {
        if (s.deviation)
          area.append(svg('line', {class: 'whisker', x1: px(s.time_s), x2: px(s.time_s),
                                   y1: py(s.metric - s.deviation), y2: py(s.metric + s.deviation)}));
        const dot = svg('circle', {class: `dot ${s.front ? 'c0' : 'beaten'}${s.best ? ' best' : ''}`,
                                   cx: px(s.time_s), cy: py(s.metric), r: s.best ? 7 : 5});
        dot.addEventListener('pointerenter', (e) => { showTip(e.clientX, e.clientY, ...settingWords(s)); pickRow(s.id); });
        dot.addEventListener('pointerleave', () => { hideTip(); pickRow(null); });
        area.append(dot);
      }
      host.replaceChildren(area);
    };
    draw();
    new ResizeObserver(draw).observe(host);
  }

  // One axis a key and one for the metric; dragging along an axis, or its arrow keys, keeps what lies
  // within.
  function parallel(host) {
    const {settings, keys, metric, unit, lower_is_better: lower} = data.sweep;
    const axes = keys.map((key, k) => ({name: key, value: (s) => s.values[k]}));
    axes.push({name: metric, value: (s) => s.metric, unit, isMetric: true});
    const kept = axes.map(() => null);
    for (const axis of axes) {
      const values = settings.map(axis.value).filter((v) => v !== null && v !== '');
      const numbers = values.map(Number);
      axis.isNumber = axis.isMetric || numbers.every(Number.isFinite);
      if (axis.isNumber) {
        axis.low = Math.min(...numbers);
        axis.high = Math.max(...numbers);
        axis.isLog = !axis.isMetric && axis.low > 0 && axis.high / axis.low >= 30;
        axis.ticks = [...new Set(numbers)].sort((a, b) => a - b);
        if (axis.ticks.length > 7)
          axis.ticks = axis.isLog ? Charts.logTicks(axis.low, axis.high, 6) : ticksOf(axis.low, axis.high, 6);
      } else {
        axis.words = [...new Set(values.map(String))].sort((a, b) => a.localeCompare(b, 'en', {numeric: true}));
      }
    }
    const place = (axis, value) => {
      if (value === null || value === '') return null;
      if (!axis.isNumber) return axis.words.length < 2 ? 0.5 : axis.words.indexOf(String(value)) / (axis.words.length - 1);
      if (axis.high === axis.low) return 0.5;
      const f = axis.isLog ? Math.log : (v) => v;
      return (f(Number(value)) - f(axis.low)) / (f(axis.high) - f(axis.low));
    };
    // Where an axis has values, from below; how they are called; and which of them are kept.
    axes.forEach((axis) => {
      const all = settings.map(axis.value).map((v) => [place(axis, v), v]).filter(([t]) => t !== null);
      axis.stops = [...new Map(all.sort((a, b) => a[0] - b[0])).entries()];
    });
    const words = (axis, value) => axis.isNumber ? format(Number(value), axis.unit || '') : String(value);
    const ends = (a) => {
      const within = axes[a].stops.map(([t], i) => [t, i]).filter(([t]) => !kept[a] || (t >= kept[a][0] && t <= kept[a][1]));
      return within.length ? [within[0][1], within[within.length - 1][1]] : [0, axes[a].stops.length - 1];
    };
    const keptWords = (a) => {
      const {stops} = axes[a], [low, high] = ends(a);
      return !kept[a] || !stops.length ? 'all' : `${words(axes[a], stops[low][1])} to ${words(axes[a], stops[high][1])}`;
    };
    // A little more than from one to the other, so that the ends of an axis are easy to take in.
    const around = (low, high) => [low - 0.02, high + 0.02];
    // What a key makes of the band of an axis; undefined for other keys.
    const keyed = (a, {key, shiftKey}) => {
      const {stops} = axes[a], last = stops.length - 1;
      if (key === 'Escape') return null;
      if ((key !== 'ArrowUp' && key !== 'ArrowDown') || last < 0) return undefined;
      let [low, high] = ends(a);
      if (key === 'ArrowUp') shiftKey ? high = Math.min(high + 1, last) : low = Math.min(low + 1, high);
      else shiftKey ? low = Math.max(low - 1, 0) : high = Math.max(high - 1, low);
      return low === 0 && high === last ? null : around(stops[low][0], stops[high][0]);
    };
    const inKept = (s) => axes.every((axis, a) => {
      const at = place(axis, axis.value(s));
      return !kept[a] || (at !== null && at >= kept[a][0] && at <= kept[a][1]);
    });
    const mark = () => {
      const none = kept.every((range) => !range);
      for (const row of document.querySelectorAll('tr[data-setting]')) {
        const s = settings.find((one) => String(one.id) === row.dataset.setting);
        row.hidden = !none && !(s && inKept(s));
      }
    };
    function draw() {
      const width = Math.max(host.clientWidth, 120 * axes.length), height = 320, top = 40, bottom = height - 20;
      const px = (a) => 60 + a * (width - 150) / Math.max(axes.length - 1, 1), py = (t) => bottom - t * (bottom - top);
      const area = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'group',
          'aria-label': `Parallel coordinates of ${settings.length} settings over ${axes.map((a) => a.name).join(', ')}.`});
      const best = [...settings].sort((a, b) => (lower ? b.metric - a.metric : a.metric - b.metric));
      best.forEach((s, rank) => {
        const points = axes.map((axis, a) => [px(a), place(axis, axis.value(s))]).filter(([, t]) => t !== null);
        const d = points.map(([x, t], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${py(t).toFixed(1)}`).join('');
        const share = best.length > 1 ? rank / (best.length - 1) : 1;
        const path = svg('path', {class: `strand${inKept(s) ? '' : ' out'}${s.best ? ' best' : ''}`, d,
                                  style: `--share:${share.toFixed(3)}`});
        path.addEventListener('pointerenter', (e) => { path.classList.add('hover'); showTip(e.clientX, e.clientY, ...settingWords(s)); pickRow(s.id); });
        path.addEventListener('pointerleave', () => { path.classList.remove('hover'); hideTip(); pickRow(null); });
        area.append(path);
      });
      axes.forEach((axis, a) => {
        const x = px(a);
        const short = axis.name.length > 20 ? '…' + axis.name.slice(-19) : axis.name;
        area.append(svg('line', {class: 'axis', x1: x, x2: x, y1: top, y2: bottom}),
            svg('text', {class: 'axis-name', x, y: 16, 'text-anchor': a === 0 ? 'start' : a === axes.length - 1 ? 'end' : 'middle',
                         dx: a === 0 ? -50 : a === axes.length - 1 ? 80 : 0}, short));
        for (const tick of axis.isNumber ? axis.ticks : axis.words)
          area.append(svg('text', {class: 'tick halo', x: x + 6, y: py(place(axis, tick)) + 4},
              axis.isNumber ? format(tick, axis.unit || '') : (tick.length > 14 ? tick.slice(0, 13) + '…' : tick)));
        const hold = svg('rect', {class: 'hold', x: x - 12, width: 24, y: top - 6, height: bottom - top + 12,
            tabindex: 0, role: 'slider', 'aria-label': `keep of ${axis.name}`, 'aria-orientation': 'vertical',
            'aria-valuemin': 0, 'aria-valuemax': Math.max(axis.stops.length - 1, 0), 'aria-valuenow': ends(a)[0],
            'aria-valuetext': keptWords(a)});
        const band = svg('rect', {class: 'band', x: x - 8, width: 16, visibility: kept[a] ? 'visible' : 'hidden'});
        if (kept[a]) set(band, {y: py(kept[a][1]), height: Math.max(py(kept[a][0]) - py(kept[a][1]), 2)});
        let start = null;
        const at = (event) => (bottom - (event.clientY - area.getBoundingClientRect().top)) / (bottom - top);
        hold.addEventListener('pointerdown', (event) => { start = at(event); hold.setPointerCapture(event.pointerId); });
        hold.addEventListener('pointerup', (event) => {
          if (start === null) return;
          const end = at(event);
          keep(a, Math.abs(end - start) < 0.02 ? null : around(Math.min(start, end), Math.max(start, end)));
          start = null;
        });
        hold.addEventListener('keydown', (event) => {
          const band = keyed(a, event);
          if (band === undefined) return;
          event.preventDefault();
          keep(a, band);
          host.querySelectorAll('.hold')[a].focus();
        });
        area.append(band, hold);
      });
      host.replaceChildren(area);
    }
    function keep(a, band) {
      kept[a] = band;
      draw();
      mark();
    }
    draw();
    new ResizeObserver(draw).observe(host);
  }

  // ------------------------------------------------------------------------------------------

  for (const table of document.querySelectorAll('table.sortable')) sortable(table);
  if (part('charts')) lineCharts(part('charts'));
  if (part('confusion')) confusion(part('confusion'), data.confusion);
  if (part('calibration')) calibration(part('calibration'), data.calibration);
  if (part('pareto')) pareto(part('pareto'));
  if (part('parallel')) parallel(part('parallel'));
  const open = [];
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details:not([open])')) { details.open = true; open.push(details); }
  });
  addEventListener('afterprint', () => { while (open.length) open.pop().open = false; });
  document.documentElement.dataset.ready = 'yes';
  window.stokerPage = data;
})();
