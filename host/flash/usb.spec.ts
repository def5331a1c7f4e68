// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { usbProgrammers } from './usb.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-usb-'));
after(() => rmSync(dir, { recursive: true }));
const sys = join(dir, 'sys');
const dev = join(dir, 'dev');

/** A device as sysfs shows it; a hub's interfaces have no numbers. */
function device(name: string, attributes: Record<string, string>, hasNode = true): void {
  mkdirSync(join(sys, name), { recursive: true });
  for (const [file, value] of Object.entries(attributes)) writeFileSync(join(sys, name, file), `${value}\n`);
  if (!hasNode || !attributes.busnum) return;
  mkdirSync(join(dev, attributes.busnum.padStart(3, '0')), { recursive: true });
  writeFileSync(join(dev, attributes.busnum.padStart(3, '0'), attributes.devnum.padStart(3, '0')), '');
}

test('programmers are told by vendor and product, with the file that is opened and whether it may be', () => {
  device('usb1', { idVendor: '1d6b', idProduct: '0002', busnum: '1', devnum: '1' });
  device('1-1', { idVendor: '0483', idProduct: '374b', busnum: '1', devnum: '5' });
  device('1-1:1.0', {});
  device('1-2', { idVendor: '0483', idProduct: '5740', busnum: '1', devnum: '6' });
  device('2-1', { idVendor: '0483', idProduct: 'df11', busnum: '2', devnum: '12' }, false);
  device('2-2', { idVendor: '16c0', idProduct: '0478', busnum: '2', devnum: '13' });
  assert.deepEqual(usbProgrammers(sys, dev)?.map((p) => [p.kind.name, p.product, p.node, p.mayOpen]), [
    ['ST-LINK', '374b', join(dev, '001', '005'), true],
    ['STM32 in DFU mode', 'df11', join(dev, '002', '012'), false],
    ['Teensy in programming mode', '0478', join(dev, '002', '013'), true],
  ]);
});

test('a system that does not show its USB devices gives nothing', () => {
  assert.equal(usbProgrammers(join(dir, 'none'), dev), undefined);
});
