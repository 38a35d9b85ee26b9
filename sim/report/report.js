'use strict';
// Draws the charts of one report. Data comes from the JSON block beside each chart group; nothing is fetched.
(function () {
  const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const narrow = () => document.documentElement.clientWidth < 640;
  const two = n => String(n).padStart(2, '0');
  const clock = (ms, withSeconds) => {
    const d = new Date(ms);
    return two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()) + (withSeconds ? ':' + two(d.getUTCSeconds()) : '');
  };
  const number = v => v === 0 ? '0' : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1).replace(/\.0$/, '')
    : Math.abs(v) >= 1 ? v.toFixed(1).replace(/\.0$/, '') : v.toPrecision(2).replace(/\.?0+$/, '');
  const value = (v, unit) => unit === '%' ? (v >= 90 && v < 100 ? v.toFixed(2) : number(v)) + ' %'
    : unit === 'ms' && v >= 10000 ? number(v / 1000) + ' s' : unit ? number(v) + ' ' + unit : number(v);
  const missing = v => v === null || v === undefined || Number.isNaN(v);

  // The colour of a series by its meaning; a second sign (dash, width) stands beside it in `series`.
  const looks = {
    primary: {colour: 'primary', strokeWidth: 1.6}, canary: {colour: 'canary', strokeWidth: 3},
    mirror: {colour: 'mirror', strokeWidth: 2, strokePattern: [2, 3]},
    'primary-thin': {colour: 'primary', strokeWidth: 1, strokePattern: [5, 3]},
    'canary-thin': {colour: 'canary', strokeWidth: 2, strokePattern: [5, 3]},
    harm: {colour: 'fail', strokeWidth: 2}, check: {colour: 'unknown', strokeWidth: 0},
  };

  function mark(ctx, kind, x, y) {
    ctx.save();
    ctx.lineWidth = 1.5;
    ctx.setLineDash([]);
    if (kind === 'fail') {
      ctx.fillStyle = css('fail');
      ctx.beginPath();
      ctx.moveTo(x, y - 6); ctx.lineTo(x + 6, y); ctx.lineTo(x, y + 6); ctx.lineTo(x - 6, y);
      ctx.fill();
      ctx.strokeStyle = css('paper');
      ctx.beginPath();
      ctx.moveTo(x - 2, y - 2); ctx.lineTo(x + 2, y + 2); ctx.moveTo(x + 2, y - 2); ctx.lineTo(x - 2, y + 2);
      ctx.stroke();
    } else {
      ctx.strokeStyle = css(kind === 'pass' ? 'pass' : 'unknown');
      ctx.fillStyle = css('paper');
      ctx.beginPath();
      ctx.arc(x, y, kind === 'pass' ? 4 : 3, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  }

  function backdrop(ctx, area, g, flight, chart, first) {
    const strength = {idle: 0, waiting: 0.05, analysis: 0.075, ending: 0.14};
    ctx.save();
    ctx.font = '12px system-ui, "Noto Sans", sans-serif';
    ctx.textBaseline = 'top';
    const left = ms => Math.max(area.x, g.toDomXCoord(ms)), right = ms => Math.min(area.x + area.w, g.toDomXCoord(ms));
    for (const band of flight.phases) {
      const x = left(band.from), w = right(band.to) - x;
      if (w <= 0) continue;
      ctx.fillStyle = 'rgba(' + css('band') + ',' + strength[band.kind] + ')';
      ctx.fillRect(x, area.y, w, area.h);
      if (band.kind !== 'idle' || band.from > flight.phases[0].from) {
        ctx.fillStyle = 'rgba(' + css('band') + ',.16)';
        ctx.fillRect(x, area.y, 1, area.h);
      }
      if (first && ctx.measureText(band.name).width < w - 8) {
        ctx.fillStyle = css('soft');
        ctx.fillText(band.name, x + 4, area.y + 2);
      }
    }
    for (const fault of flight.faults) {
      const x = left(fault.from), w = right(fault.to) - x;
      if (w <= 0) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, area.y, w, area.h);
      ctx.clip();
      ctx.strokeStyle = css('hatch');
      ctx.lineWidth = 1;
      for (let i = x - area.h; i < x + w; i += 7) {
        ctx.beginPath();
        ctx.moveTo(i, area.y + area.h); ctx.lineTo(i + area.h, area.y);
        ctx.stroke();
      }
      ctx.restore();
      if (first) {
        ctx.fillStyle = css('soft');
        ctx.textAlign = x + ctx.measureText(fault.name).width + 8 > area.x + area.w ? 'right' : 'left';
        ctx.fillText(fault.name, ctx.textAlign === 'left' ? x + 4 : x + w - 4, area.y + 17);
        ctx.textAlign = 'left';
      }
    }
    ctx.strokeStyle = css('soft');
    for (const release of flight.releases) {
      const x = Math.round(g.toDomXCoord(release.at)) + 0.5;
      ctx.setLineDash([1, 3]);
      ctx.beginPath();
      ctx.moveTo(x, area.y); ctx.lineTo(x, area.y + area.h);
      ctx.stroke();
    }
    ctx.setLineDash([4, 3]);
    ctx.strokeStyle = css('bound');
    for (const bound of chart.bounds) {
      const y = Math.round(g.toDomYCoord(bound.value)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(area.x, y); ctx.lineTo(area.x + area.w, y);
      ctx.stroke();
    }
    if (chart.low > 0 && !chart.log) {  // the axis does not begin at zero: the break is drawn
      const y = area.y + area.h - 12;
      ctx.setLineDash([]);
      ctx.strokeStyle = css('soft');
      ctx.beginPath();
      ctx.moveTo(area.x + 2, y); ctx.lineTo(area.x + 8, y + 3); ctx.lineTo(area.x + 2, y + 6); ctx.lineTo(area.x + 8, y + 9);
      ctx.stroke();
    }
    ctx.restore();
  }

  // Names and values at the right end of their lines, pushed apart where they would touch.
  function ends(g, chart, layer) {
    const area = g.getArea(), wanted = [];
    chart.series.forEach((series, i) => {
      if (series.look === 'check') return;
      let last = null;
      for (let row = chart.rows.length - 1; row >= 0 && last === null; --row)
        if (!missing(chart.rows[row][i + 1])) last = chart.rows[row][i + 1];
      if (last === null) return;
      wanted.push({text: series.name, look: looks[series.look], at: g.toDomYCoord(last)});
    });
    for (const bound of chart.bounds)
      wanted.push({text: (bound.at_least ? '≥ ' : '≤ ') + Number(bound.value.toPrecision(6)) + (chart.unit ? ' ' + chart.unit : ''), bound: true, at: g.toDomYCoord(bound.value)});
    wanted.sort((a, b) => a.at - b.at);
    let floor = area.y - 2;
    for (const end of wanted) { end.y = Math.max(end.at - 7, floor); floor = end.y + 14; }
    let ceiling = area.y + area.h + 4;
    for (const end of wanted.slice().reverse()) { end.y = Math.min(end.y, ceiling - 14); ceiling = end.y; }
    layer.textContent = '';
    for (const end of wanted) {
      const span = document.createElement('span'), line = document.createElement('i');
      line.style.borderTopColor = css(end.bound ? 'bound' : end.look.colour);
      line.style.borderTopWidth = end.bound ? '1px' : Math.max(2, end.look.strokeWidth) + 'px';
      line.style.borderTopStyle = end.bound || (end.look.strokePattern || [])[0] === 5 ? 'dashed' : end.look.strokePattern ? 'dotted' : 'solid';
      span.append(line, end.text);
      span.style.left = area.x + area.w + 5 + 'px';
      span.style.top = end.y + 'px';
      layer.append(span);
    }
  }

  function draw(root) {
    const flight = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const rows = root.parentElement.querySelectorAll('.events tbody tr');
    const graphs = [], readouts = [], cursors = [];
    const gap = () => narrow() ? 96 : 104;

    const readout = (g, row) => {
      readouts.forEach((small, i) => {
        const chart = flight.charts[i];
        if (row === null) { small.textContent = chart.note; return; }
        const parts = chart.series.map((series, s) => [series, chart.rows[row][s + 1]])
          .filter(([series, v]) => series.look !== 'check' && !missing(v)).map(([series, v]) => series.name + ' ' + value(v, chart.unit));
        small.textContent = clock(flight.times[row], true) + (parts.length ? '  ' + parts.join(' · ') : '  no data');
      });
      const at = row === null ? -1 : flight.times[row];
      graphs.forEach((graph, i) => {
        cursors[i].hidden = row === null;
        if (row !== null) cursors[i].style.left = graph.toDomXCoord(at) + 'px';
      });
      let now = null;
      rows.forEach(tr => { tr.classList.remove('now'); if (Number(tr.dataset.t) <= at) now = tr; });
      if (now) {
        now.classList.add('now');
        const box = now.closest('.scroll');
        if (box) box.scrollTop = Math.max(0, now.offsetTop - box.clientHeight / 2);
      }
    };

    flight.charts.forEach((chart, c) => {
      const box = document.createElement('div'), title = document.createElement('h3'), small = document.createElement('small'),
        plot = document.createElement('div'), layer = document.createElement('div'), line = document.createElement('div');
      line.className = 'cursor';
      line.hidden = true;
      box.className = 'chart' + (c === 0 ? ' first' : c === flight.charts.length - 1 ? ' last' : '');
      plot.className = 'plot';
      layer.className = 'ends';
      title.append(chart.title, small);
      small.textContent = chart.note;
      box.append(title, plot);
      root.append(box);
      chart.rows = flight.times.map((t, i) =>
        [new Date(t)].concat(chart.series.map(series => series.values[i] === 'gap' ? NaN : series.values[i])));
      const options = {};
      chart.series.forEach(series => {
        const look = looks[series.look];
        options[series.key] = {strokeWidth: look.strokeWidth, strokePattern: look.strokePattern || null, stepPlot: chart.step && series.look !== 'check',
          drawPoints: series.look === 'check', pointSize: 4, highlightCircleSize: series.look === 'check' ? 0 : 3};
        if (series.look === 'check') {
          options[series.key].connectSeparatedPoints = false;
          options[series.key].drawPointCallback = (g, name, ctx, x, y, colour, size, row) => mark(ctx, series.verdicts[row] || 'unknown', x, y);
        }
      });
      const g = new Dygraph(plot, chart.rows, {
        labels: ['t'].concat(chart.series.map(series => series.key)), series: options, labelsUTC: true,
        colors: chart.series.map(series => css(looks[series.look].colour)), connectSeparatedPoints: true,
        logscale: chart.log, valueRange: [chart.low, chart.high], rightGap: gap(), legend: 'never', gridLineColor: css('grid'),
        axisLineColor: css('rule'), dateWindow: [flight.from, flight.to], animatedZooms: false, drawGapEdgePoints: false,
        axes: {
          x: {drawAxis: c === flight.charts.length - 1, drawGrid: false, pixelsPerLabel: 70, axisLabelFormatter: d => {
            const ms = d.getTime();
            return clock(ms, ms % 60000 !== 0);
          }},
          y: {axisLabelWidth: 52, pixelsPerLabel: 26, axisLabelFormatter: v => chart.unit !== '%' ? number(v) : v > 100 ? '' : number(v) + ' %'},
        },
        underlayCallback: (ctx, area, graph) => backdrop(ctx, area, graph, flight, chart, c === 0),
        drawCallback: graph => ends(graph, chart, layer),
        highlightCallback: (event, x, points, row) => readout(g, row),
        unhighlightCallback: () => readout(g, null),
      });
      plot.append(layer, line);
      ends(g, chart, layer);
      if (chart.empty) {
        const empty = document.createElement('div');
        empty.className = 'empty';
        empty.textContent = chart.empty;
        plot.append(empty);
      }
      graphs.push(g);
      readouts.push(small);
      cursors.push(line);
    });
    if (graphs.length > 1) Dygraph.synchronize(graphs, {selection: true, zoom: true, range: false});

    let cursor = null;
    const select = row => {
      cursor = row;
      if (row === null) { graphs.forEach(g => g.clearSelection()); readout(null, null); return; }
      graphs.forEach(g => g.setSelection(row));
      readout(null, row);
    };
    root.addEventListener('keydown', event => {
      const last = flight.times.length - 1;
      const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
      if (event.key === 'Escape') select(null);
      else if (step !== 0) { select(Math.min(last, Math.max(0, cursor === null ? (step > 0 ? 0 : last) : cursor + step))); event.preventDefault(); }
    });
    rows.forEach(tr => {
      const show = () => {
        let row = flight.times.findIndex(t => t >= Number(tr.dataset.t));
        select(row < 0 ? flight.times.length - 1 : row);
      };
      tr.addEventListener('click', show);
      tr.addEventListener('focus', show);
    });
    return () => graphs.forEach((g, i) => {
      g.updateOptions({colors: flight.charts[i].series.map(series => css(looks[series.look].colour)), gridLineColor: css('grid'),
        axisLineColor: css('rule'), rightGap: gap()});
      ends(g, flight.charts[i], layersOf(g));
    });
    function layersOf(g) { return g.graphDiv.parentElement.querySelector('.ends'); }
  }

  const redraw = Array.from(document.querySelectorAll('.charts')).map(draw);
  const again = () => redraw.forEach(f => f());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  addEventListener('beforeprint', () => { document.documentElement.classList.add('printing'); again(); });
  addEventListener('afterprint', () => { document.documentElement.classList.remove('printing'); again(); });
})();
