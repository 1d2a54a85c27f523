// A WASI 0.2 command without a standard library or an adapter: it asks the host for the standard output and writes one
// line to it. Resources are numbers here: a handle that this component owns and has to drop.

#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

typedef uint32_t output_stream;
typedef uint32_t stream_failure;

// result<_, stream-error>, as the canonical ABI lays it out: a tag, then a variant with a tag of its own.
struct write_result {
    uint8_t is_err;
    _Alignas(4) uint8_t error_case;
    stream_failure error;
};
_Static_assert(sizeof(struct write_result) == 12 && sizeof(void *) == 4, "not the canonical layout");

enum { LAST_OPERATION_FAILED = 0 };

IMPORT("wasi:cli/stdout@0.2.0", "get-stdout")
output_stream get_stdout(void);
IMPORT("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
void write_and_flush(output_stream self, const char *contents, uint32_t length, struct write_result *result);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]output-stream")
void drop_output_stream(output_stream self);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error")
void drop_error(stream_failure self);

static const char line[] = "Hello from a WASI 0.2 component.\n";

// 0 is ok and 1 is error.
EXPORT("wasi:cli/run@0.2.0#run") uint32_t run(void) {
    struct write_result result;
    output_stream out = get_stdout();
    write_and_flush(out, line, sizeof line - 1, &result);
    drop_output_stream(out);
    if (result.is_err && result.error_case == LAST_OPERATION_FAILED) drop_error(result.error);
    return result.is_err;
}
