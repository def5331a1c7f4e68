// SPDX-License-Identifier: MIT
// The shim as an N-API addon. One loaded copy of the library runs one firmware, once: the shim's state is in static variables, as on a board.

#include <node_api.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "m3_env.h"
#include "port-host.h"
#include "shim.h"

static napi_env env;
static napi_value callbacks[TW_CALLBACK_COUNT], receiver;
static const char *const callback_names[] = {
#define X(name) #name,
  TW_CALLBACKS(X)
#undef X
};

/** Where JavaScript has entered last. An exception of a callback goes there over the interpreter's frames, which hold nothing to be released. */
static jmp_buf *innermost;
/** Where the firmware was when the first exception came. */
static int32_t stopped_at = -1;

uint32_t tw_call_host(enum tw_callback callback) {
  const void *const pc = tw_op_pc;
  napi_handle_scope scope;
  napi_value result;
  napi_open_handle_scope(env, &scope);
  const napi_status status = napi_call_function(env, receiver, callbacks[callback], 0, NULL, &result);
  napi_close_handle_scope(env, scope);
  if (status != napi_ok) {
    if (stopped_at < 0) stopped_at = tw_host_offset(pc);
    _longjmp(*innermost, 1);
  }
  // A handler may have run meanwhile.
  tw_op_pc = pc;
  return (uint32_t)tw_mail[0];
}

static void enter(void (*body)(uint32_t), uint32_t argument) {
  jmp_buf here;
  jmp_buf *const outer = innermost;
  innermost = &here;
  if (_setjmp(here) == 0) body(argument);
  innermost = outer;
}

static void run_body(uint32_t unused) {
  (void)unused;
  tw_run();
}

/** run(callbacks): boots, and runs the firmware until a callback throws; the exception comes out here. */
static napi_value run(napi_env e, napi_callback_info info) {
  static bool has_run;
  size_t count = 1;
  napi_value object;
  env = e;
  if (napi_get_cb_info(e, info, &count, &object, NULL, NULL) != napi_ok || napi_get_global(e, &receiver) != napi_ok) return NULL;
  for (int i = 0; i < TW_CALLBACK_COUNT; i++) {
    if (napi_get_named_property(e, object, callback_names[i], &callbacks[i]) != napi_ok) return NULL;
  }
  if (has_run || !tw_module) {
    napi_throw_error(e, NULL, "run: a firmware runs once, after setup");
    return NULL;
  }
  has_run = true;
  enter(run_body, 0);
  return NULL;
}

static void dispatch_body(uint32_t vector) {
  tw_op_pc = NULL;
  tw_dispatch(vector);
}

/** dispatch(vector): runs a handler, while run is on its way. */
static napi_value dispatch(napi_env e, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  uint32_t vector;
  if (napi_get_cb_info(e, info, &count, &argument, NULL, NULL) != napi_ok || napi_get_value_uint32(e, argument, &vector) != napi_ok) return NULL;
  if (!innermost || vector >= tw_vector_count) {
    napi_throw_error(e, NULL, "dispatch: no firmware runs, or it has no such vector");
    return NULL;
  }
  enter(dispatch_body, vector);
  return NULL;
}

static void release(napi_env e, void *data, void *hint) {
  (void)e, (void)data;
  free(hint);
}

/** An ArrayBuffer on memory of C's. @param owned what to free when it is collected, or NULL */
static napi_value buffer_on(napi_env e, void *bytes, size_t byte_count, void *owned) {
  napi_value buffer = NULL;
  if (napi_create_external_arraybuffer(e, bytes, byte_count, owned ? release : NULL, owned, &buffer) != napi_ok) {
    free(owned);
    napi_throw_error(e, NULL, "this Node cannot share memory with an addon (ArrayBuffers outside of its own heap are disabled)");
  }
  return buffer;
}

static uint32_t property(napi_env e, napi_value object, const char *name) {
  napi_value value;
  uint32_t number = 0;
  if (napi_get_named_property(e, object, name, &value) == napi_ok) napi_get_value_uint32(e, value, &number);
  return number;
}

/** Bytes of a typed array, copied. @return NULL when it is none, or there is no memory */
static void *copy_of(napi_env e, napi_value object, const char *name, uint32_t *length) {
  napi_value array;
  void *data;
  size_t elements;
  napi_typedarray_type type;
  if (napi_get_named_property(e, object, name, &array) != napi_ok) return NULL;
  if (napi_get_typedarray_info(e, array, &type, &elements, &data, NULL, NULL) != napi_ok) return NULL;
  *length = (uint32_t)elements;
  const size_t byte_count = elements * (type == napi_uint8_array ? 1 : 4);
  void *copy = malloc(byte_count + 1);
  if (copy) memcpy(copy, data, byte_count);
  return copy;
}

/** Rows of [irq, priority, stack bytes], and their names one after the other, each with a zero behind it. */
static tw_vector *vectors_of(const int32_t *rows, uint32_t count, const char *names) {
  tw_vector *vectors = calloc(count + 1, sizeof *vectors);
  for (uint32_t i = 0; vectors && i < count; i++) {
    vectors[i] = (tw_vector){ (int16_t)rows[3 * i], (uint8_t)rows[3 * i + 1], names, (uint32_t)rows[3 * i + 2] };
    names += strlen(names) + 1;
  }
  return vectors;
}

/** Stands where a board has native code, which a computer has not. */
static const void *no_kernel(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp, void *memory) {
  (void)runtime, (void)context, (void)sp, (void)memory;
  return m3Err_trapUnreachable;
}

static tw_kernel *kernels_of(const uint32_t *functions, uint32_t count) {
  tw_kernel *kernels = calloc(count + 1, sizeof *kernels);
  for (uint32_t i = 0; kernels && i < count; i++) kernels[i] = (tw_kernel){ functions[i], "", no_kernel };
  return kernels;
}

/** setup(image): takes what a board's image has in its constants. @return the buffers that both sides see */
static napi_value setup(napi_env e, napi_callback_info info) {
  size_t count = 1;
  napi_value image, buffers;
  if (napi_get_cb_info(e, info, &count, &image, NULL, NULL) != napi_ok) return NULL;
  uint32_t row_words = 0, name_bytes = 0, range_words = 0, native_words = 0;
  tw_module = copy_of(e, image, "module", &tw_module_bytes);
  const int32_t *rows = copy_of(e, image, "vectors", &row_words);
  const char *names = copy_of(e, image, "vectorNames", &name_bytes);
  tw_ranges = copy_of(e, image, "ranges", &range_words);
  uint32_t *natives = copy_of(e, image, "natives", &native_words);
  if (!tw_module || !rows || !names || !tw_ranges || !natives) {
    napi_throw_error(e, NULL, "setup: module and vectorNames must be Uint8Arrays, vectors an Int32Array, ranges and natives Uint32Arrays");
    return NULL;
  }
  tw_kernels = kernels_of(natives, native_words);
  tw_kernel_count = native_words;
  free(natives);
  tw_vector_count = row_words / 3;
  tw_vectors = vectors_of(rows, tw_vector_count, names);
  tw_range_count = range_words / 2;
  tw_marker_high = tw_marker_low = calloc(tw_vector_count + 1, sizeof(tw_store));
  tw_irq_lines = property(e, image, "irqLines");
  tw_priority_bits = property(e, image, "priorityBits");
  tw_main_stack_bytes = property(e, image, "mainStackBytes");
  tw_memory_address = property(e, image, "memoryAddress");
  tw_memory_bytes = property(e, image, "memoryBytes");
  // Linear memory has the interpreter's header right in front of it.
  const uint32_t heap_bytes = property(e, image, "heapBytes");
  const size_t front = (sizeof(M3MemoryHeader) + 63) & ~(size_t)63;
  uint8_t *block = calloc(1, front + tw_memory_bytes + heap_bytes);
  if (!tw_vectors || !tw_kernels || !tw_marker_high || !block) {
    napi_throw_error(e, NULL, "setup: out of memory");
    return NULL;
  }
  tw_memory = block + front;
  tw_heap_start = tw_memory + tw_memory_bytes;
  tw_heap_end = tw_spare_start = tw_spare_end = tw_heap_start + heap_bytes;

  if (napi_create_object(e, &buffers) != napi_ok) return NULL;
  napi_set_named_property(e, buffers, "memory", buffer_on(e, tw_memory, tw_memory_bytes, block));
  napi_set_named_property(e, buffers, "opsLeft", buffer_on(e, &tw_ops_left, sizeof tw_ops_left, NULL));
  napi_set_named_property(e, buffers, "mail", buffer_on(e, tw_mail, sizeof tw_mail, NULL));
  napi_set_named_property(e, buffers, "log", buffer_on(e, tw_log_out, sizeof tw_log_out, NULL));
  return buffers;
}

/** stoppedAt(): offset in the module of what ran when the first exception came, or -1. */
static napi_value where(napi_env e, napi_callback_info info) {
  (void)info;
  napi_value result = NULL;
  napi_create_int32(e, stopped_at, &result);
  return result;
}

/** offsetOfWord(function, word): see tw_host_offset_of_word. */
static napi_value offset_of_word(napi_env e, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], result = NULL;
  uint32_t function = 0, word = 0;
  if (napi_get_cb_info(e, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  napi_get_value_uint32(e, arguments[0], &function);
  napi_get_value_uint32(e, arguments[1], &word);
  napi_create_int32(e, tw_host_offset_of_word(function, word), &result);
  return result;
}

/** heapUsed(): bytes that booting took. */
static napi_value heap_used(napi_env e, napi_callback_info info) {
  (void)info;
  napi_value result = NULL;
  napi_create_uint32(e, (uint32_t)tw_heap_used(), &result);
  return result;
}

/** A piece of the heap, and its size where pointers have 32 bits. */
typedef struct {
  const uint8_t *start;
  size_t byte_count, on_board;
} piece;

static int by_address(const void *a, const void *b) {
  const uint8_t *const first = ((const piece *)a)->start, *const second = ((const piece *)b)->start;
  return (first > second) - (first < second);
}

static size_t rounded(size_t byte_count) { return (byte_count + 7) & ~(size_t)7; }

/** An array of `count` elements, each with at least so many pointers in it. */
static piece array_of(const void *start, size_t count, size_t element_bytes, size_t pointers) {
  return (piece){ start, count * element_bytes, count * (element_bytes - pointers * (sizeof(void *) - 4)) };
}

/** The pieces that differ on a board, and those between them. @param pieces NULL to count */
static size_t known_pieces(const struct M3Runtime *runtime, piece *pieces) {
  const struct M3Module *const module = runtime->modules;
  const piece arrays[] = {
    array_of(module->functions, module->allFunctions, sizeof(M3Function), 13), array_of(module->globals, module->numGlobals, sizeof(M3Global), 4),
    array_of(module->dataSegments, module->numDataSegments, sizeof(M3DataSegment), 2),
    array_of(module->funcTypes, module->numFuncTypes, sizeof(IM3FuncType), 1), array_of(module->table0, module->table0Size, sizeof(IM3Function), 1),
  };
  size_t count = 0;
  const size_t n = sizeof arrays / sizeof *arrays;
  for (size_t i = 0; i < n; i++) {
    if (!arrays[i].start) continue;
    if (pieces) pieces[count] = arrays[i];
    count++;
  }
  for (uint32_t i = 0; i < module->numFunctions; i++) {
    const M3Function *f = &module->functions[i];
    if (!f->constants) continue;
    if (pieces) pieces[count] = (piece){ f->constants, f->numConstantBytes, f->numConstantBytes };
    count++;
  }
  for (int full = 0; full < 2; full++) {
    for (IM3CodePage page = full ? runtime->pagesFull : runtime->pagesOpen; page; page = page->info.next) {
      const size_t words = page->info.numLines;
      if (pieces) {
        pieces[count] = (piece){ (const uint8_t *)page, sizeof(M3CodePageHeader) + words * sizeof(code_t), TW_BOARD_PAGE_BYTES(words) };
        // Places in the module are for this computer's reports alone.
        pieces[count + 1] = (piece){ (const uint8_t *)page->info.mapping, sizeof(M3CodeMappingPage) + words * sizeof(M3CodeMapEntry), 0 };
      }
      count += 2;
    }
  }
  return count;
}

/**
 * boardNeed(): sizes of the pieces that booting takes of a board's heap, in the order in which it takes them; none is smaller than there. What is
 * not known by itself is taken as large as here, in one piece up to the next that is.
 */
static napi_value board_need(napi_env e, napi_callback_info info) {
  (void)info;
  const IM3Runtime runtime = ((M3MemoryHeader *)tw_memory)[-1].runtime;
  if (!runtime || !runtime->modules) {
    napi_throw_error(e, NULL, "boardNeed: no module has been loaded");
    return NULL;
  }
  const size_t count = known_pieces(runtime, NULL);
  piece *pieces = calloc(count + 1, sizeof *pieces);
  napi_value need = NULL, number;
  if (!pieces || napi_create_array(e, &need) != napi_ok) return NULL;
  known_pieces(runtime, pieces);
  qsort(pieces, count, sizeof *pieces, by_address);
  pieces[count].start = tw_heap_start + tw_heap_used();
  const uint8_t *at = tw_heap_start;
  uint32_t index = 0;
  for (size_t i = 0; i <= count; i++) {
    const size_t sizes[] = { (size_t)(pieces[i].start - at), rounded(pieces[i].on_board) };
    for (int k = 0; k < 2; k++) {
      if (sizes[k] > 0 && napi_create_uint32(e, (uint32_t)sizes[k], &number) == napi_ok) napi_set_element(e, need, index++, number);
    }
    at = pieces[i].start + rounded(pieces[i].byte_count);
  }
  free(pieces);
  return need;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = { { "setup", setup }, { "run", run }, { "dispatch", dispatch }, { "stoppedAt", where }, { "heapUsed", heap_used },
                    { "offsetOfWord", offset_of_word }, { "boardNeed", board_need } };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) != napi_ok) return NULL;
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
