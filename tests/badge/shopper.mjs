// Plays visits to a page in jsdom. In, on stdin: [{page, now, before, fetched, steps}], `before` and `steps` being what the
// theme or the shopper does, as script. Out: for each visit what the badge shows after loading and after each step.
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';

const [script] = process.argv.slice(2);
const source = readFileSync(script, 'utf8');
const visits = JSON.parse(readFileSync(0, 'utf8'));
const settle = () => new Promise((done) => setTimeout(done, 15));

function look(window, asked) {
  const badge = window.document.querySelector('hf-promise');
  const field = badge.querySelector('input');
  return {
    lines: [...badge.querySelectorAll('[role="status"] > p')].map((line) => line.textContent),
    property: field.disabled ? null : field.value,
    form: field.form?.id ?? null,
    asked: [...asked],
    changes: window.changes ?? 0,
  };
}

async function play({ page, now, before = '', fetched = null, steps = [] }) {
  const asked = [];
  const { window } = new JSDOM(page, {
    url: 'https://larkspur.example/products/boots', runScripts: 'outside-only', pretendToBeVisual: true,
  });
  window.clock = now;
  window.Date.now = () => window.clock;
  window.fetch = async (address) => {
    asked.push(address);
    if (fetched === null) throw new TypeError('offline');
    return { ok: true, text: async () => fetched };
  };
  window.eval(before);
  window.eval(source);
  await settle();
  const seen = [look(window, asked)];
  for (const step of steps) {
    await window.eval(step);
    await settle();
    seen.push(look(window, asked));
  }
  window.close();
  return seen;
}

console.log(JSON.stringify(await Promise.all(visits.map(play))));
