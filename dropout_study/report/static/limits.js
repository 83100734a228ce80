// Ends of axes: round, and not stretched by a few bad values.
"use strict";

const smallest = cells => cells.reduce((a, b) => a < b ? a : b, Infinity);
const largest = cells => cells.reduce((a, b) => a > b ? a : b, -Infinity);
const span = cells => cells.length ? { min: smallest(cells), max: largest(cells) } : { min: 0, max: 1 };

/** Returns round ends of an axis around numbers from low to high, and the step of its ticks. */
function round({ min, max }, { whole, log } = {}) {
  if (min === max) return { min, max };
  if (log) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      ticks.push(...[1, 2, 5].map(each => Number(`${each}e${power}`)));
    }
    return { min: ticks.filter(tick => tick <= min).at(-1), max: ticks.find(tick => tick >= max) };
  }
  const unit = 10 ** Math.floor(Math.log10((max - min) / 4));
  let interval = [1, 2, 5, 10].map(each => each * unit).find(step => step >= (max - min) / 4);
  if (whole) interval = Math.max(interval, 1);
  const multiple = number => Number((number * interval).toPrecision(12));
  return { min: multiple(Math.floor(min / interval + 1e-9)), max: multiple(Math.ceil(max / interval - 1e-9)), interval };
}

/** Returns ends of an axis that a few bad values do not stretch, and how many are beyond; `keep` is never cut. */
function limits(cells, minimize, fence = 3, keep = []) {
  const signed = cells.map(cell => minimize ? -cell : cell).sort((a, b) => a - b);
  const at = share => signed[Math.round(share * (signed.length - 1))];
  const edge = Math.min(at(0.25) - fence * (at(0.75) - at(0.25)), ...keep.map(cell => minimize ? -cell : cell));
  const low = signed.find(cell => cell >= edge), high = signed.at(-1);
  if (!cells.length || signed[0] === low || high - signed[0] < 1.5 * (high - low) || low === high) return { ends: {}, beyond: 0 };
  const { min, max } = round(minimize ? { min: -high, max: -low } : { min: low, max: high });
  const beyond = cells.filter(cell => minimize ? cell > max : cell < min).length;
  return { ends: minimize ? { max } : { min }, beyond };
}

/** Returns the points; one beyond the ends of the axis is a triangle at the end. */
const within = (data, { min = -Infinity, max = Infinity }) => data.map(point => {
  const [x, y, ...rest] = point.value;
  if (y >= min && y <= max) return point;
  return { ...point, value: [x, Math.min(Math.max(y, min), max), ...rest], symbol: "triangle", symbolRotate: y < min ? 180 : 0 };
});
