// SPDX-License-Identifier: MIT
// libasound's parser over the stream on standard input, as many times as the argument says. Prints the events and the seconds that it took.

#include <alsa/asoundlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned char stream[16384];

int main(int argc, char **argv) {
  snd_midi_event_t *encoder;
  if (argc != 2 || snd_midi_event_new(1024, &encoder) < 0) return 2;
  const size_t byte_count = fread(stream, 1, sizeof stream, stdin);
  const long rounds = strtol(argv[1], NULL, 10);
  struct timespec start, end;
  long event_count = 0;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long round = 0; round < rounds; round++) {
    for (size_t i = 0; i < byte_count; i++) {
      snd_seq_event_t event;
      if (snd_midi_event_encode_byte(encoder, stream[i], &event) == 1 && event.type != SND_SEQ_EVENT_NONE) event_count++;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%ld %.9f\n", event_count, end.tv_sec - start.tv_sec + 1e-9 * (end.tv_nsec - start.tv_nsec));
  snd_midi_event_free(encoder);
  return 0;
}
