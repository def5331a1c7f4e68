// SPDX-License-Identifier: MIT
// Fixture: one of each part of assembly/voice, driven by the specs beside it.

import { Counter, counterValue } from "../../assembly/shim/counters";
import { StealPolicy, VoiceAllocator } from "../../assembly/voice/allocator";
import { Channel, releasedNotes } from "../../assembly/voice/channel";
import { NoteSet } from "../../assembly/voice/note-set";
import { NotePriority, NoteStack } from "../../assembly/voice/note-stack";
import { Residue } from "../../assembly/voice/residue";
import { Scheduler } from "../../assembly/voice/scheduler";

const STACK_DEPTH = 16;
const stack = new NoteStack(STACK_DEPTH);
export function stackClear(): void { stack.clear(); }
export function stackPress(note: i32, velocity: i32): void { stack.press(note, velocity); }
export function stackRelease(note: i32): bool { return stack.release(note); }
const noteSet = new NoteSet();
/** Releases the keys of a set: two words of bits, notes 0 to 31 and 32 to 63. */
export function stackReleaseAll(low: u32, high: u32): void {
  noteSet.clear();
  for (let i = 0; i < 32; i++) {
    if ((low >> i) & 1) noteSet.add(i);
    if ((high >> i) & 1) noteSet.add(i + 32);
  }
  stack.releaseAll(noteSet);
}
export function stackWinner(priority: i32): i32 {
  const key = stack.winner(<NotePriority>priority);
  return key < 0 ? key : key & 0x7f;
}
export function stackWinnerVelocity(priority: i32): i32 { return stack.winner(<NotePriority>priority) >> 8; }
export function stackVelocity(note: i32): i32 { return stack.velocityOf(note); }
export function stackIsHeld(note: i32): bool { return stack.isHeld(note); }
export function stackLength(): i32 { return stack.length; }

const channel = new Channel();
export function channelPowerUp(): void { channel.powerUp(); }
export function channelNoteOn(note: i32): void { channel.noteOn(note); }
export function channelNoteOff(note: i32): bool { return channel.noteOff(note); }
export function channelControl(controller: i32, value: i32): i32 { return channel.control(controller, value); }
export function channelReleased(from: i32): i32 { return releasedNotes.next(from); }
export function channelIsHeld(note: i32): bool { return channel.isHeld(note); }
export function channelPitchOffset(): f32 { return channel.pitchOffset(); }
export function channelBend(value: i32): void { channel.pitchBend = <u16>value; }
export function channelProgram(value: i32): void { channel.program = <u8>value; }
export function channelPressure(value: i32): void { channel.pressure = <u8>value; }
export function channelField(index: i32): i32 {
  switch (index) {
    case 0: return channel.program;
    case 1: return channel.bankMsb;
    case 2: return channel.bankLsb;
    case 3: return channel.volume;
    case 4: return channel.expression;
    case 5: return channel.pan;
    case 6: return channel.modulation;
    case 7: return channel.pressure;
    case 8: return channel.reverbSend;
    case 9: return channel.chorusSend;
    case 10: return channel.delaySend;
    case 11: return channel.sustain;
    case 12: return channel.sostenuto;
    case 13: return channel.soft;
    case 14: return channel.mono;
    case 15: return channel.pitchBend;
    case 16: return channel.bendSemitones;
    case 17: return channel.bendCents;
    case 18: return channel.fineTuning;
    case 19: return channel.coarseTuning;
    case 20: return channel.resonance;
    case 21: return channel.brightness;
    case 22: return channel.legato;
    case 23: return channel.portamento;
    case 24: return channel.portamentoTime;
  }
  return -1;
}

let allocator = new VoiceAllocator(1, StealPolicy.Oldest);
export function allocatorInit(voiceCount: i32, policy: i32): void { allocator = new VoiceAllocator(voiceCount, <StealPolicy>policy); }
export function allocate(channel: i32, note: i32): i32 { return allocator.allocate(channel, note); }
export function allocateAt(channel: i32, note: i32, price: i32, least: i32): i32 { return allocator.allocate(channel, note, price, least); }
export function setBudget(budget: i32): void { allocator.budget = budget; }
export function spent(): i32 { return allocator.spent; }
export function priceOf(voice: i32): i32 { return allocator.priceOf(voice); }
export function wasStolen(): bool { return allocator.stolen; }
export function wasRetriggered(): bool { return allocator.retriggered; }
export function release(voice: i32): bool { return allocator.release(voice); }
export function releaseAll(voices: u64): void { allocator.releaseAll(voices); }
export function voicesOf(channel: i32): u64 { return allocator.voicesOf(channel); }
export function heldOn(channel: i32): i32 { return allocator.heldOn(channel); }
export function stateOf(voice: i32): i32 { return allocator.stateOf(voice); }
export function free(voice: i32): void { allocator.free(voice); }
export function setLevel(voice: i32, level: f32): void { allocator.setLevel(voice, level); }
export function noteOf(voice: i32): i32 { return allocator.noteOf(voice); }
export function find(channel: i32, note: i32): i32 { return allocator.find(channel, note); }
export function activeCount(): i32 { return allocator.activeCount; }

export function stolenVoices(): u32 { return counterValue(Counter.stolenVoices); }
export function droppedNotes(): u32 { return counterValue(Counter.droppedNotes); }
export function activeVoices(): u32 { return counterValue(Counter.activeVoices); }
export function maxVoices(): u32 { return counterValue(Counter.maxVoices); }
export function lateEvents(): u32 { return counterValue(Counter.lateEvents); }
export function eventQueueFull(): u32 { return counterValue(Counter.eventQueueFull); }

export const SCHEDULER_CAPACITY: i32 = 16;
const scheduler = new Scheduler(SCHEDULER_CAPACITY);
export function schedulerPush(frame: u32, message: u32): i32 { return scheduler.push(frame, message); }
export function schedulerIsDue(now: u32): bool { return scheduler.isDue(now); }
export function schedulerTake(now: u32): u32 { return scheduler.take(now); }
export function schedulerFramesUntilNext(now: u32, most: i32): i32 { return scheduler.framesUntilNext(now, most); }
export function schedulerClear(): void { scheduler.clear(); }

const bus = new StaticArray<f32>(64);
const residue = new Residue(48000);
export function residueAdd(level: f32): void { residue.add(level); }
export function residueRender(frameCount: i32): usize {
  for (let i = 0; i < bus.length; i++) bus[i] = 0;
  residue.mixInto(changetype<usize>(bus), frameCount);
  residue.settle();
  return changetype<usize>(bus);
}
export function residueIsSilent(): bool { return residue.isSilent(); }
