// SPDX-License-Identifier: MIT
// The page of a profile: one HTML file that opens from disk with no network.

import type { FlameGraph, FunctionProfile, Histogram, LineProfile, LoadProfile, ProfileResult, VoiceProfile, WorstBlock } from '../profile-result.js';
import { shownPath } from '../format.js';
import { htmlDocument } from './document.js';
import { pack, packNotes, type PackedLoad, type PackedNotes } from './packed.js';
import { contextColour, profileBody } from './profile-page.js';

/** What the page's script draws. */
export interface ProfilePageData {
  readonly seconds: number;
  readonly coreHertz: number;
  readonly load: PackedLoad;
  readonly cyclesPerFrame: Pick<LoadProfile, 'mean' | 'p99' | 'p999' | 'max' | 'budget' | 'histogram'>;
  readonly notes: PackedNotes;
  /** Its contexts from the most urgent down, each with the name of its colour. */
  readonly worst: (Pick<WorstBlock, 'lengthCycles' | 'timeline' | 'entries' | 'midi'> & { readonly contexts: readonly { readonly name: string; readonly colour: string }[] }) | null;
  readonly voices: VoiceProfile | null;
  readonly latency: Histogram;
  readonly flame: FlameGraph;
  readonly functions: readonly FunctionProfile[];
  readonly lines: readonly LineProfile[];
  readonly sources: Readonly<Record<string, readonly string[]>>;
}

/** Main program and sleep are least urgent; so is PendSV of handlers whose priority nobody knows. */
const urgency = ({ handlers }: ProfileResult, context: string): number =>
  context === 'sleep' ? 1000 : context === 'main' ? 999 : handlers.find(({ name }) => name === context)?.priority ?? 256;

function pageDataOf(result: ProfileResult): ProfilePageData {
  const { run: { seconds, coreHertz }, load: { series, budget, mean, p99, p999, max, histogram }, worst, notes, voices, midiToAudio, flame, functions, lines, sources } = result;
  const contexts = [...new Set(worst?.timeline.map(({ context }) => context))].sort((a, b) => urgency(result, a) - urgency(result, b))
    .map((name) => ({ name, colour: contextColour(result, name) }));
  return {
    seconds, coreHertz,
    load: {
      time: pack(Float32Array.from(series.seconds)), mean: pack(Float32Array.from(series.mean)), max: pack(Float32Array.from(series.max)), voices: pack(Uint8Array.from(series.voices)),
    },
    cyclesPerFrame: { mean, p99, p999, max, budget, histogram },
    notes: packNotes(notes), worst: worst && { lengthCycles: worst.lengthCycles, timeline: worst.timeline, entries: worst.entries, midi: worst.midi, contexts }, voices, latency: midiToAudio.histogram, flame, functions, lines, sources,
  };
}

/** The page's text. */
export function profileHtml(result: ProfileResult): Promise<string> {
  return htmlDocument({
    title: `Profile of ${shownPath(result.entry)} on ${result.run.board} – Tonewheel`, body: profileBody(result), data: pageDataOf(result),
    script: 'page/profile-client.ts', styles: ['report.css', 'page/profile.css'],
  });
}
