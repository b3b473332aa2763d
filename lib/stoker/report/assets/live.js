// Adds the lines of a run that is training to the charts of its page.
'use strict';
(() => {
  const data = window.stokerPage, place = document.getElementById('live');
  const MOST = 8000;
  const series = new Map();  // by the key, with its scale
  for (const panel of data.panels)
    for (const key of panel.keys) series.set(key.key, {points: data.runs[0].series[key.key], scale: key.scale});
  const axes = data.runs[0].axes;
  let due = false;

  // Of each four points the least and the greatest: peaks stay.
  function thin(points) {
    const x = [], y = [];
    for (let i = 0; i < points.x.length; i += 4) {
      let least = i, most = i;
      for (let k = i; k < Math.min(i + 4, points.x.length); k++) {
        if (points.y[k] < points.y[least]) least = k;
        if (points.y[k] > points.y[most]) most = k;
      }
      for (const k of new Set([Math.min(least, most), Math.max(least, most)])) {
        x.push(points.x[k]);
        y.push(points.y[k]);
      }
    }
    points.x.splice(0, points.x.length, ...x);
    points.y.splice(0, points.y.length, ...y);
  }
  function add(line) {
    const {step, split} = line;
    if (!series.has(`${split}.loss`) && (split === 'train' || split === 'val')) { location.reload(); return; }
    const last = axes.step[axes.step.length - 1];
    if (!(step <= last)) {
      axes.step.push(step);
      axes.epoch.push(line.epoch);
      axes.time_s.push(line.time_s);
    }
    for (const [key, value] of Object.entries(line)) {
      const found = series.get(`${split}.${key}`);
      if (!found || !found.points) continue;
      const {x, y} = found.points;
      if (x.length && step <= x[x.length - 1]) continue;
      x.push(step);
      y.push(value === null ? null : value * found.scale);
      if (x.length > MOST) thin(found.points);
    }
    if (split === 'val' && data.runs[0].events) {
      for (const chart of data.group.charts)
        if (chart.panel.events && chart.panel.events.length)
          chart.panel.events.push({step, kind: 'evaluation', text: `evaluation at step ${step}`, run: 0, axes});
    }
    if (split === 'train')
      place.textContent = `live: step ${Charts.plain(step)}, epoch ${Charts.plain(line.epoch)}, ` +
          `loss ${Charts.format(line.loss)}, ${Charts.format(line.images_per_s, 'img/s')}`;
    if (!due && data.group) {
      due = true;
      requestAnimationFrame(() => { due = false; data.group.draw(); });
    }
  }
  const source = new EventSource('/events');
  source.onmessage = (message) => add(JSON.parse(message.data));
  source.onerror = () => { place.textContent = 'The run has ended, or cannot be reached.'; };
  addEventListener('pagehide', () => source.close());
})();
