// Charts of a report and of the live page: lines over a shared axis with zoom and hover, points,
// parallel axes, a matrix and a calibration diagram. Text from data only ever becomes text nodes and
// attribute values.
'use strict';
const Charts = (() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const COLORS = 10;

  function set(node, attributes) {
    for (const [key, value] of Object.entries(attributes || {}))
      if (value !== null && value !== undefined) node.setAttribute(key, value);
    return node;
  }
  function html(name, attributes, ...children) {
    const node = set(document.createElement(name), attributes);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  function svg(name, attributes, text) {
    const node = set(document.createElementNS(SVG, name), attributes);
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function button(text, action, attributes) {
    const node = html('button', {type: 'button', ...attributes}, text);
    node.addEventListener('click', action);
    return node;
  }

  // Numbers for a person. --------------------------------------------------------------------

  function plain(value) {
    if (value === 0) return '0';
    const size = Math.abs(value);
    if (size >= 1e15 || size < 1e-4) return value.toExponential(2);
    if (size >= 1000) return Math.round(value).toLocaleString('en-US');
    return String(Number(value.toPrecision(4)));
  }
  function scaled(value, step, units) {
    let unit = 0;
    while (Math.abs(value) >= step && unit + 1 < units.length) { value /= step; unit++; }
    return `${plain(Number(value.toPrecision(3)))} ${units[unit]}`;
  }
  function duration(s) {
    if (s < 0) return '-' + duration(-s);
    if (s < 1) return scaled(s * 1e6, 1000, ['µs', 'ms', 's']);
    if (s < 100) return `${Number(s.toPrecision(3))} s`;
    if (s < 3600) return `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')} min`;
    return `${Math.floor(s / 3600)}:${String(Math.floor(s % 3600 / 60)).padStart(2, '0')} h`;
  }
  function format(value, unit) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    switch (unit) {
      case 'share': return `${Number((100 * value).toPrecision(4))}%`;
      case 'bytes/s': return `${scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])}/s`;
      case 'bytes': return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
      case 's': return duration(value);
      case 'img/s': return `${plain(value)} img/s`;
      default: return unit ? `${plain(value)} ${unit}` : plain(value);
    }
  }

  function ticksOf(low, high, count) {
    const span = high - low;
    if (!(span > 0)) return [low];
    const raw = span / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw);
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
      ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  }
  // Round in the unit that they are shown in.
  function unitTicks(low, high, count, unit) {
    if (unit !== 'bytes' && unit !== 'bytes/s') return ticksOf(low, high, count);
    const size = 1024 ** Math.max(0, Math.floor(Math.log(Math.max(Math.abs(high), 1)) / Math.log(1024) - 0.05));
    return ticksOf(low / size, high / size, count).map((tick) => tick * size);
  }
  const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  function timeTicks(low, high, count) {
    const step = CLOCK.find((s) => (high - low) / s <= count);
    if (!step || high - low < 3) return ticksOf(low, high, count);
    const ticks = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
    return ticks;
  }
  function logTicks(low, high, count) {
    const ticks = [];
    const decades = Math.log10(high / low);
    const factors = decades < 2 ? [1, 2, 5] : [1];
    const every = Math.max(1, Math.ceil(decades / Math.max(count, 1)));
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const f of factors) {
        const tick = f * 10 ** e;
        if (e % every === 0 && tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    return ticks.length > 1 ? ticks : ticksOf(low, high, count);
  }

  // The index of the last value that is not above x; -1 before all.
  function below(values, x) {
    let low = -1, high = values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (values[middle] <= x) low = middle; else high = middle - 1;
    }
    return low;
  }
  function interpolate(xs, ys, x) {
    if (!xs.length) return x;
    const i = below(xs, x);
    if (i < 0) return ys[0];
    if (i + 1 >= xs.length) return ys[ys.length - 1];
    const t = (x - xs[i]) / (xs[i + 1] - xs[i] || 1);
    return ys[i] + t * (ys[i + 1] - ys[i]);
  }

  // One tooltip for the page. ----------------------------------------------------------------

  let tip = null;
  function showTip(x, y, ...children) {
    if (!tip) document.body.append(tip = html('div', {class: 'tip', role: 'presentation'}));
    tip.replaceChildren(...children);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = x + 16 + box.width > innerWidth ? x - 16 - box.width : x + 16;
    const top = Math.min(Math.max(4, y - box.height / 2), innerHeight - box.height - 4);
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${top}px`;
  }
  function hideTip() { if (tip) tip.hidden = true; }

  // Lines. -----------------------------------------------------------------------------------

  // What charts of one page share: the axis ('step', 'epoch', 'time_s'), the part of it that is
  // shown, where the pointer is, smoothing, and which runs are hidden.
  class Group {
    constructor() {
      this.charts = [];
      this.axis = 'step';
      this.range = null;
      this.at = null;
      this.smoothing = 0;
      this.hidden = new Set();
    }
    set(changes) {
      Object.assign(this, changes);
      this.draw();
    }
    draw() { for (const chart of this.charts) chart.draw(); }
    point(at, from) {
      this.at = at;
      for (const chart of this.charts) chart.drawCross(chart === from);
    }
    // [first, last] of the axis over all charts.
    extent() {
      let low = Infinity, high = -Infinity;
      for (const chart of this.charts) {
        for (const series of chart.series) {
          const xs = chart.xs(series);
          if (!xs.length || this.hidden.has(series.run)) continue;
          low = Math.min(low, xs[0]);
          high = Math.max(high, xs[xs.length - 1]);
        }
      }
      return low <= high ? (low < high ? [low, high] : [low - 0.5, high + 0.5]) : [0, 1];
    }
  }

  const AXES = {step: 'step', epoch: 'epoch', time_s: 'training time'};
  const PAD = {left: 64, right: 14, top: 10, bottom: 26};

  // Exponential means over the axis, so that uneven points count by what lies between them.
  function smooth(xs, ys, width) {
    const out = [];
    let mean = null, before = 0;
    xs.forEach((x, i) => {
      const y = ys[i];
      if (y === null) { out.push(null); return; }
      const keep = mean === null ? 0 : Math.exp(-Math.max(x - before, 0) / width);
      mean = mean === null ? y : keep * mean + (1 - keep) * y;
      before = x;
      out.push(mean);
    });
    return out;
  }

  // panel: {title, unit, from_zero, series: [{name, run, color, dash, axes, x, y}], events}
  class LineChart {
    constructor(host, group, panel) {
      this.group = group;
      this.panel = panel;
      this.series = panel.series;
      this.isLog = false;
      group.charts.push(this);
      this.area = svg('svg', {class: 'plot', tabindex: 0, role: 'application',
                              'aria-roledescription': 'line chart', 'aria-label': this.spoken()});
      this.legend = html('ul', {class: 'legend'});
      const tools = html('span', {class: 'tools'});
      if (panel.may_log !== false)
        tools.append(this.logButton = button('log', () => this.toggleLog(),
                                             {'aria-pressed': 'false', title: 'logarithmic axis'}));
      this.live = html('p', {class: 'heard', 'aria-live': 'polite'});
      host.append(this.figure = html('figure', {class: 'chart'},
          html('figcaption', {}, html('h3', {}, panel.title), tools), this.legend, this.area,
          this.live));
      this.listen();
      new ResizeObserver(() => this.draw()).observe(this.figure);
    }
    // What the chart says to who does not see it.
    spoken() {
      const parts = this.series.map((series) => {
        const ys = series.y.filter((y) => y !== null);
        if (!ys.length) return `${series.name}: no values`;
        const low = ys.reduce((a, b) => Math.min(a, b)), high = ys.reduce((a, b) => Math.max(a, b));
        const text = (y) => format(y, this.panel.unit);
        return `${series.name} from ${text(ys[0])} to ${text(ys[ys.length - 1])}, ` +
            `between ${text(low)} and ${text(high)}`;
      });
      return `${this.panel.title}. ${parts.join('; ')}. Arrow keys read values, plus and minus zoom.`;
    }
    toggleLog() {
      this.isLog = !this.isLog;
      this.logButton.setAttribute('aria-pressed', this.isLog);
      this.draw();
    }
    xs(series) {
      const axis = this.group.axis;
      if (axis === 'step' || !series.axes || !series.axes[axis]) return series.x;
      if (!series.cache || series.cache.axis !== axis || series.cache.length !== series.x.length) {
        const xs = series.x.map((x) => interpolate(series.axes.step, series.axes[axis], x));
        series.cache = {axis, xs, length: series.x.length};
      }
      return series.cache.xs;
    }
    visible() { return this.series.filter((series) => !this.group.hidden.has(series.run)); }

    // Points in view and one on either side; of many to a pixel the extremes.
    pointsIn(series, [low, high], columns, ys) {
      const xs = this.xs(series);
      const first = Math.max(below(xs, low), 0), last = Math.min(below(xs, high) + 1, xs.length - 1);
      const points = [];
      if (last - first < 3 * columns) {
        for (let i = first; i <= last; i++) points.push(i);
        return points;
      }
      const width = (high - low) / columns;
      for (let i = first; i <= last;) {
        const end = Math.floor((xs[i] - low) / width);
        let least = i, most = i, hole = -1;
        for (; i <= last && Math.floor((xs[i] - low) / width) === end; i++) {
          if (ys[i] === null) { hole = i; continue; }
          if (ys[least] === null || ys[i] < ys[least]) least = i;
          if (ys[most] === null || ys[i] > ys[most]) most = i;
        }
        for (const p of [...new Set([least, most, hole])].sort((a, b) => a - b))
          if (p >= 0) points.push(p);
      }
      return points;
    }
    domain(drawn) {
      let low = Infinity, high = -Infinity;
      for (const {points, ys} of drawn) {
        for (const i of points) {
          const y = ys[i];
          if (y === null || (this.isLog && y <= 0)) continue;
          low = Math.min(low, y);
          high = Math.max(high, y);
        }
      }
      if (low > high) return this.isLog ? [0.1, 1] : [0, 1];
      if (this.isLog) return low < high ? [low / 1.1, high * 1.1] : [low / 2, high * 2];
      if (this.panel.from_zero) low = Math.min(low, 0);
      const pad = (high - low || Math.abs(high) || 1) * 0.06;
      return [this.panel.from_zero && low === 0 ? 0 : low - pad, high + pad];
    }
    draw() {
      const group = this.group, area = this.area;
      const width = Math.max(this.figure.clientWidth - 2, 200), height = this.panel.height || 210;
      const lane = this.panel.events && this.panel.events.length ? 30 : 0;
      const inner = {left: PAD.left, right: width - PAD.right, top: PAD.top,
                     bottom: height - PAD.bottom - lane};
      this.inner = inner;
      const [x0, x1] = this.range = group.range || group.extent();
      const columns = Math.max(inner.right - inner.left, 10);
      this.px = (x) => inner.left + (x - x0) / (x1 - x0) * (inner.right - inner.left);
      const drawn = this.visible().map((series) => {
        const points = this.pointsIn(series, [x0, x1], columns, series.y);
        const smoothed = group.smoothing > 0 && series.x.length > 8
            ? smooth(this.xs(series), series.y, group.smoothing * (x1 - x0)) : null;
        return {series, points, ys: series.y, smoothed};
      });
      const [y0, y1] = this.domain(drawn);
      const up = this.isLog ? Math.log : (y) => y;
      this.py = (y) => inner.bottom - (up(y) - up(y0)) / (up(y1) - up(y0)) * (inner.bottom - inner.top);
      set(area, {viewBox: `0 0 ${width} ${height}`, width, height});
      const clip = `clip-${this.id || (this.id = Math.random().toString(36).slice(2))}`;
      const clipped = svg('g', {'clip-path': `url(#${clip})`});
      const defs = svg('clipPath', {id: clip});
      defs.append(svg('rect', {x: inner.left, y: inner.top - 4, width: inner.right - inner.left,
                               height: inner.bottom - inner.top + 8}));
      area.replaceChildren(defs);
      this.drawAxes(y0, y1, height);
      for (const line of drawn) this.drawLine(clipped, line);
      area.append(clipped);
      if (lane) this.drawEvents(inner);
      area.append(this.cross = svg('g', {class: 'cross'}),
                  this.brush = svg('rect', {class: 'brush', visibility: 'hidden'}));
      this.drawLegend();
      this.drawCross(false);
    }
    drawAxes(y0, y1, height) {
      const {left, right, top, bottom} = this.inner;
      const [x0, x1] = this.range;
      const rows = (bottom - top) / 45;
      for (const tick of this.isLog ? logTicks(y0, y1, rows) : unitTicks(y0, y1, rows, this.panel.unit)) {
        const y = this.py(tick);
        this.area.append(svg('line', {class: 'grid', x1: left, x2: right, y1: y, y2: y}),
            svg('text', {class: 'tick', x: left - 6, y: y + 4, 'text-anchor': 'end'},
                format(tick, this.panel.unit)));
      }
      const unit = this.group.axis === 'time_s' ? 's' : '';
      const columns = (right - left) / 90;
      for (const tick of unit ? timeTicks(x0, x1, columns) : ticksOf(x0, x1, columns)) {
        const x = this.px(tick);
        this.area.append(svg('line', {class: 'grid', x1: x, x2: x, y1: top, y2: bottom}),
            svg('text', {class: 'tick', x, y: height - 8, 'text-anchor': 'middle'},
                format(tick, unit)));
      }
      this.area.append(svg('line', {class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom}));
    }
    path(points, xs, ys) {
      let d = '', pen = 'M';
      for (const i of points) {
        if (ys[i] === null || (this.isLog && ys[i] <= 0)) { pen = 'M'; continue; }
        d += `${pen}${this.px(xs[i]).toFixed(1)} ${this.py(ys[i]).toFixed(1)}`;
        pen = 'L';
      }
      return d;
    }
    drawLine(to, {series, points, ys, smoothed}) {
      const xs = this.xs(series);
      const kind = `line c${series.color % COLORS}${series.dash ? ' dash' : ''}`;
      to.append(svg('path', {class: smoothed ? `${kind} raw` : kind, d: this.path(points, xs, ys)}));
      if (smoothed) to.append(svg('path', {class: kind, d: this.path(points, xs, smoothed)}));
      if (points.length <= 40)
        for (const i of points)
          if (ys[i] !== null && !(this.isLog && ys[i] <= 0))
            to.append(svg('circle', {class: `dot c${series.color % COLORS}`, r: 2.5,
                                     cx: this.px(xs[i]), cy: this.py(ys[i])}));
    }
    // Marks on the time line: what happened, below the axis.
    drawEvents({left, right, bottom}) {
      const rows = {checkpoint: 22};  // below the others, which come at the same steps
      const shapes = {checkpoint: 'M0 -5L5 4L-5 4Z', evaluation: 'M-4 -4H4V4H-4Z',
                      resume: 'M0 -6L5 0L0 6L-5 0Z', memory: 'M-5 -4L5 -4L0 5Z',
                      end: 'M-2 -5H2V5H-2Z'};
      for (const event of this.panel.events) {
        if (this.group.hidden.has(event.run)) continue;
        const x = this.px(this.eventX(event)), y = bottom + (rows[event.kind] || 11);
        if (x < left - 1 || x > right + 1) continue;
        const mark = svg('path', {class: `mark ${event.kind}`, d: shapes[event.kind] || shapes.end,
                                  transform: `translate(${x.toFixed(1)} ${y})`});
        mark.append(svg('title', {}, event.text));
        mark.addEventListener('pointerenter', (e) =>
          showTip(e.clientX, e.clientY, html('span', {}, event.text)));
        mark.addEventListener('pointerleave', hideTip);
        if (event.kind === 'resume')
          this.area.append(svg('line', {class: 'resume-line', x1: x, x2: x, y1: this.inner.top,
                                        y2: bottom}));
        this.area.append(mark);
      }
    }
    eventX(event) {
      const axis = this.group.axis;
      return axis === 'step' || !event.axes ? event.step
          : interpolate(event.axes.step, event.axes[axis] || event.axes.step, event.step);
    }
    drawLegend() {
      // Of several runs the page names each once, and a chart only what it draws of them.
      const own = this.panel.keys && this.group.several
          ? this.panel.keys.map((key, k) => ({name: key.name, color: null, dash: k > 0})) : this.series;
      const names = own.map((series) => {
        const hidden = this.group.hidden.has(series.run);
        const color = series.color === null ? 'any' : `c${series.color % COLORS}`;
        return html('li', {class: `${hidden ? 'off ' : ''}key ${color}` +
                               (series.dash ? ' dash' : '')}, html('i', {}), series.name);
      });
      const kinds = new Set((this.panel.events || []).map((event) => event.kind));
      for (const kind of kinds) names.push(html('li', {class: `event ${kind}`}, html('i', {}), kind));
      this.legend.replaceChildren(...(own.length > 1 || kinds.size ? names.slice(0, 30) : []));
    }
    nearest(series, x) {
      const xs = this.xs(series);
      let i = below(xs, x);
      if (i + 1 < xs.length && (i < 0 || xs[i + 1] - x < x - xs[i])) i++;
      return i;
    }
    drawCross(isSource) {
      if (!this.cross || !this.px) return;
      this.cross.replaceChildren();
      const at = this.group.at;
      if (at === null || at < this.range[0] || at > this.range[1]) return;
      const {top, bottom} = this.inner;
      this.cross.append(svg('line', {x1: this.px(at), x2: this.px(at), y1: top, y2: bottom}));
      for (const series of this.visible()) {
        const i = this.nearest(series, at);
        if (i < 0 || series.y[i] === null || (this.isLog && series.y[i] <= 0)) continue;
        this.cross.append(svg('circle', {class: `c${series.color % COLORS}`, r: 4,
                                         cx: this.px(this.xs(series)[i]), cy: this.py(series.y[i])}));
      }
      if (isSource) this.live.textContent = this.values(at).map((v) => `${v.name} ${v.text}`).join(', ');
    }
    values(at) {
      return this.visible().map((series) => {
        const i = this.nearest(series, at);
        return {name: series.name, color: series.color, i, step: i < 0 ? null : series.x[i],
                text: i < 0 ? '–' : format(series.y[i], this.panel.unit)};
      });
    }
    tipAt(at, x, y) {
      const unit = this.group.axis === 'time_s' ? 's' : '';
      const rows = this.values(at).slice(0, 14).map((value) =>
        html('tr', {}, html('td', {class: `key c${value.color % COLORS}`}, html('i', {}), value.name),
             html('td', {class: 'number'}, value.text)));
      showTip(x, y, html('strong', {}, `${AXES[this.group.axis]} ${format(at, unit)}`),
              html('table', {}, ...rows));
    }
    listen() {
      const area = this.area;
      let start = null;
      const axisAt = (event) => {
        const box = area.getBoundingClientRect();
        const {left, right} = this.inner;
        const t = (event.clientX - box.left - left) / (right - left);
        const [x0, x1] = this.range;
        return x0 + Math.min(Math.max(t, 0), 1) * (x1 - x0);
      };
      const snapped = (x) => {
        let best = x, distance = Infinity;
        for (const series of this.visible()) {
          const i = this.nearest(series, x);
          if (i < 0) continue;
          const d = Math.abs(this.xs(series)[i] - x);
          if (d < distance) { distance = d; best = this.xs(series)[i]; }
        }
        return Math.min(Math.max(best, this.range[0]), this.range[1]);
      };
      area.addEventListener('pointermove', (event) => {
        const x = axisAt(event);
        if (start !== null) {
          const a = this.px(Math.min(start, x)), b = this.px(Math.max(start, x));
          set(this.brush, {visibility: 'visible', x: a, width: b - a, y: this.inner.top,
                           height: this.inner.bottom - this.inner.top});
        }
        if (event.target.classList.contains('mark')) return;
        const at = snapped(x);
        this.group.point(at, this);
        this.tipAt(at, event.clientX, event.clientY);
      });
      area.addEventListener('pointerleave', () => { hideTip(); this.group.point(null, null); });
      area.addEventListener('pointerdown', (event) => {
        if (event.pointerType === 'touch' || event.button !== 0) return;
        start = axisAt(event);
        area.setPointerCapture(event.pointerId);
      });
      area.addEventListener('pointerup', (event) => {
        if (start === null) return;
        const end = axisAt(event), from = start;
        start = null;
        set(this.brush, {visibility: 'hidden'});
        if (Math.abs(this.px(end) - this.px(from)) > 6)
          this.group.set({range: [Math.min(from, end), Math.max(from, end)]});
      });
      area.addEventListener('dblclick', () => this.group.set({range: null}));
      area.addEventListener('keydown', (event) => this.key(event));
      area.addEventListener('blur', () => { hideTip(); this.group.point(null, null); });
    }
    key(event) {
      const [x0, x1] = this.range, first = this.visible()[0];
      if (!first) return;
      const xs = this.xs(first);
      const at = this.group.at === null ? x0 : this.group.at;
      const i = this.nearest(first, at);
      const moves = {ArrowLeft: i - 1, ArrowRight: this.group.at === null ? i : i + 1,
                     PageUp: i - Math.ceil(xs.length / 20), PageDown: i + Math.ceil(xs.length / 20),
                     Home: below(xs, x0) < 0 || xs[below(xs, x0)] < x0 ? below(xs, x0) + 1 : below(xs, x0),
                     End: below(xs, x1)};
      const zoom = {'+': 0.5, '=': 0.5, '-': 2}[event.key];
      if (event.key in moves) {
        const to = xs[Math.min(Math.max(moves[event.key], 0), xs.length - 1)];
        if (to < x0 || to > x1)
          this.group.set({range: [x0 + (to < x0 ? to - x0 : to - x1), x1 + (to < x0 ? to - x0 : to - x1)]});
        this.group.point(to, this);
        const box = this.area.getBoundingClientRect();
        this.tipAt(to, box.left + this.px(to), box.top + 60);
      } else if (zoom) {
        const [low, high] = this.group.extent(), half = (x1 - x0) / 2 * zoom;
        const middle = this.group.at === null ? (x0 + x1) / 2 : this.group.at;
        const range = [Math.max(middle - half, low), Math.min(middle + half, high)];
        this.group.set({range: range[1] - range[0] >= high - low ? null : range});
      } else if (event.key === 'Escape') {
        this.group.set({range: null});
      } else {
        return;
      }
      event.preventDefault();
    }
  }

  return {html, svg, set, button, format, plain, duration, ticksOf, logTicks, below, interpolate,
          showTip, hideTip, Group, LineChart, COLORS, AXES};
})();
