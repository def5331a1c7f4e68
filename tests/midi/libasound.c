// SPDX-License-Identifier: MIT
// libasound's MIDI byte stream encoder as a filter: one hex stream a line in, its events on one line out. Argument: the buffer size in bytes.

#include <alsa/asoundlib.h>
#include <stdio.h>
#include <stdlib.h>

static void print_event(const snd_seq_event_t *ev, long at) {
  const snd_seq_ev_note_t *note = &ev->data.note;
  const snd_seq_ev_ctrl_t *control = &ev->data.control;
  const char *keyed = ev->type == SND_SEQ_EVENT_NOTEON ? "note_on" : ev->type == SND_SEQ_EVENT_NOTEOFF ? "note_off" : "poly_pressure";
  switch (ev->type) {
    case SND_SEQ_EVENT_NOTEON:
    case SND_SEQ_EVENT_NOTEOFF:
    case SND_SEQ_EVENT_KEYPRESS: printf("%ld:%s,%d,%d,%d ", at, keyed, note->channel, note->note, note->velocity); return;
    case SND_SEQ_EVENT_CONTROLLER: printf("%ld:cc,%d,%u,%d ", at, control->channel, control->param, control->value); return;
    case SND_SEQ_EVENT_PGMCHANGE: printf("%ld:program,%d,%d ", at, control->channel, control->value); return;
    case SND_SEQ_EVENT_CHANPRESS: printf("%ld:chan_pressure,%d,%d ", at, control->channel, control->value); return;
    case SND_SEQ_EVENT_PITCHBEND: printf("%ld:pitch_bend,%d,%d ", at, control->channel, control->value + 8192); return;
    case SND_SEQ_EVENT_QFRAME: printf("%ld:mtc_qf,%d ", at, control->value); return;
    case SND_SEQ_EVENT_SONGPOS: printf("%ld:song_pos,%d ", at, control->value); return;
    case SND_SEQ_EVENT_SONGSEL: printf("%ld:song_select,%d ", at, control->value); return;
    case SND_SEQ_EVENT_TUNE_REQUEST: printf("%ld:tune_request ", at); return;
    case SND_SEQ_EVENT_CLOCK: printf("%ld:clock ", at); return;
    case SND_SEQ_EVENT_START: printf("%ld:start ", at); return;
    case SND_SEQ_EVENT_CONTINUE: printf("%ld:continue ", at); return;
    case SND_SEQ_EVENT_STOP: printf("%ld:stop ", at); return;
    case SND_SEQ_EVENT_SENSING: printf("%ld:active_sensing ", at); return;
    case SND_SEQ_EVENT_RESET: printf("%ld:reset ", at); return;
    case SND_SEQ_EVENT_SYSEX:
      printf("%ld:sysex,", at);
      for (unsigned i = 0; i < ev->data.ext.len; i++) printf("%02x", ((const unsigned char *)ev->data.ext.ptr)[i]);
      printf(" ");
      return;
    case SND_SEQ_EVENT_NONE: return;
    default: printf("%ld:unexpected,%d ", at, ev->type);
  }
}

int main(int argc, char **argv) {
  snd_midi_event_t *encoder;
  if (argc != 2 || snd_midi_event_new(strtoul(argv[1], NULL, 10), &encoder) < 0) return 2;
  long at = 0;
  int high = -1;
  for (int c = getchar(); c != EOF; c = getchar()) {
    if (c == '\n') {
      printf("\n");
      snd_midi_event_reset_encode(encoder);
      at = 0;
      continue;
    }
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
      continue;
    }
    snd_seq_event_t ev;
    snd_seq_ev_clear(&ev);
    if (snd_midi_event_encode_byte(encoder, high << 4 | digit, &ev) == 1) print_event(&ev, at);
    at++;
    high = -1;
  }
  snd_midi_event_free(encoder);
  return 0;
}
