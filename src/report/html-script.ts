/**
 * What a report does in a browser: the page map, and tables sorted by a column. Everything else stands without it.
 *
 * @module
 */

/** The script. It reads the element `data`, and asks for nothing else. */
export const REPORT_SCRIPT = `'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);

  for (const table of document.querySelectorAll('table.sortable')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.firstElementChild.addEventListener('click', () => {
        // Names go up first, numbers down.
        const isName = head.classList.contains('name');
        const was = head.getAttribute('aria-sort');
        const up = was === null ? isName : was === 'descending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const valueOf = (row) => {
          const cell = row.cells[column];
          return isName ? cell.textContent : Number(cell.dataset.v);
        };
        const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
        const rows = [...table.tBodies[0].rows].map((row, i) => ({ row, i, value: valueOf(row) }));
        rows.sort((a, b) => (up ? 1 : -1) * compare(a.value, b.value) || a.i - b.i);
        table.tBodies[0].append(...rows.map(({ row }) => row));
      });
    });
  }

  const map = data.map;
  const canvas = document.getElementById('map');
  if (!map || !canvas) return;
  const told = document.getElementById('told');
  const count = map.file.length;
  const mostLines = Math.max(1, ...new Set(map.lines));
  let columns = 1;
  let cell = 8;
  let current = -1;

  const draw = () => {
    const width = canvas.parentElement.clientWidth;
    cell = count > 30000 ? 5 : count > 6000 ? 7 : count > 800 ? 10 : 16;
    columns = Math.max(1, Math.floor(width / cell));
    const height = Math.ceil(count / columns) * cell;
    const scale = window.devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = height + 'px';
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue('--' + name).trim();
    const colours = map.placements.map(colour);
    const untouched = colour('untouched');
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    for (let i = 0; i < count; i += 1) {
      const x = (i % columns) * cell;
      const y = Math.floor(i / columns) * cell;
      // Under the heat, a stripe of the placement's colour: untouched pages have one, too.
      pen.globalAlpha = 1;
      pen.fillStyle = untouched;
      pen.fillRect(x, y, cell - 1, cell - 1);
      pen.fillStyle = colours[map.placement[i]];
      const heat = Math.log1p(map.lines[i]) / Math.log1p(mostLines);
      pen.globalAlpha = map.lines[i] === 0 ? 0.22 : 0.45 + 0.55 * heat;
      pen.fillRect(x, y, cell - 1, cell - 1);
    }
    pen.globalAlpha = 1;
    if (current >= 0) {
      pen.strokeStyle = colour('focus');
      pen.lineWidth = 3;
      pen.strokeRect((current % columns) * cell - 1, Math.floor(current / columns) * cell - 1, cell + 1, cell + 1);
    }
  };

  const tell = (i) => {
    current = i;
    draw();
    if (i < 0) return;
    const shared = map.shared[i] > 1 ? ', in ' + map.shared[i] + ' files' : '';
    told.textContent =
      map.files[map.file[i]] + ', page ' + map.page[i] + ' (byte ' + map.page[i] * 4096 + ')' + shared + ': ' +
      map.titles[map.placement[i]] + ', ' + map.stored[i] + ' bytes at ' + map.offset[i] + ' of the image; ' +
      (map.lines[i] === 0 ? 'not touched' : map.lines[i] + ' cache lines used, cost ' + costText(map.cost[i]));
  };

  const costText = (cost) => {
    if (map.unit !== 'ns') return Math.round(cost) + ' instructions';
    for (const [unit, factor] of [['s', 1e9], ['ms', 1e6], ['us', 1e3]])
      if (cost >= factor) return (cost / factor).toPrecision(3) + ' ' + unit;
    return cost.toFixed(0) + ' ns';
  };

  canvas.addEventListener('mousemove', (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / cell);
    const i = Math.floor((event.clientY - box.top) / cell) * columns + column;
    if (column >= 0 && column < columns && i >= 0 && i < count && i !== current) tell(i);
  });
  canvas.addEventListener('focus', () => tell(Math.max(0, current)));
  canvas.addEventListener('keydown', (event) => {
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
      PageUp: -10 * columns, PageDown: 10 * columns, Home: -count, End: count,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    tell(Math.min(count - 1, Math.max(0, current + step)));
  });
  window.addEventListener('resize', draw);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
})();
`;
