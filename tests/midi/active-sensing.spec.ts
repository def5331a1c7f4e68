// SPDX-License-Identifier: MIT
// Active sensing: 300 ms after the first FE, and nothing before it.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

let f: Fixture;
before(async () => {
  f = await instantiateAssembly('tests/midi/time.as.ts');
});

describe('active sensing', () => {
  it('asks nothing of a sender that has never sent FE', () => {
    const s = f.createActiveSensing();
    assert.equal(f.onByte(s, 0x90, 1000), 0);
    assert.equal(f.hasTimedOut(s, 10_000_000), 0);
    assert.equal(f.onByte(s, 0x3c, 20_000_000), 0);
  });
  it('reports more than 300 ms of silence after FE, once', () => {
    const s = f.createActiveSensing();
    f.onByte(s, 0xfe, 1000);
    assert.equal(f.hasTimedOut(s, 301_000), 0);
    assert.equal(f.hasTimedOut(s, 301_001), 1);
    assert.equal(f.hasTimedOut(s, 900_000), 0);
    assert.equal(f.onByte(s, 0x90, 2_000_000), 0);
    assert.equal(f.hasTimedOut(s, 9_000_000), 0, 'the sender need not sense again until the next FE');
    f.onByte(s, 0xfe, 10_000_000);
    assert.equal(f.hasTimedOut(s, 10_300_001), 1);
  });
  it('counts from the latest byte of any kind', () => {
    const s = f.createActiveSensing();
    f.onByte(s, 0xfe, 0);
    for (const [byte, at] of [[0x90, 250_000], [0x3c, 500_000], [0xf8, 750_000]]) assert.equal(f.onByte(s, byte, at), 0);
    assert.equal(f.hasTimedOut(s, 1_050_000), 0);
    assert.equal(f.hasTimedOut(s, 1_050_001), 1);
  });
  it('reports a silence that nobody asked about when the next byte comes', () => {
    const s = f.createActiveSensing();
    f.onByte(s, 0xfe, 0);
    assert.equal(f.onByte(s, 0x90, 300_001), 1);
    assert.equal(f.onByte(s, 0xfe, 900_000), 0);
    assert.equal(f.onByte(s, 0xfe, 1_200_001), 1);
    assert.equal(f.hasTimedOut(s, 1_500_002), 1, 'the FE that ended a silence arms again');
  });
  it('runs on when the microseconds pass 2^32', () => {
    const s = f.createActiveSensing();
    f.onByte(s, 0xfe, 0xffffff00);
    assert.equal(f.hasTimedOut(s, 300_000 - 0x100), 0);
    assert.equal(f.hasTimedOut(s, 300_001 - 0x100), 1);
  });
  it('takes a time that is older than the latest byte for no silence', () => {
    const s = f.createActiveSensing();
    f.onByte(s, 0xfe, 5000);
    assert.equal(f.hasTimedOut(s, 4999), 0);
    assert.equal(f.hasTimedOut(s, 305_001), 1);
  });
});
